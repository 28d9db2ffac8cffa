#![no_main]
//! A record or a row: what is read is written again as it was.

use audit::{Builder, Receipt, Record, Row};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    Row::parse(text).ok();
    let Ok(record) = Record::parse(text) else { return };
    Receipt::of_row(&record).ok();
    let mut again = Builder::default();
    for (name, value) in record.members() {
        assert!(again.put(name, value).is_ok());
    }
    assert_eq!(again.finish(), text);
});
