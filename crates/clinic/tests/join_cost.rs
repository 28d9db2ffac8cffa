//! What sealing adds to the wire when two people join.

mod join;

use join::{Bytes, Joined, People, said_by_guest, said_by_host};

/// 1.5 KB.
const MOST_ADDED: usize = 1_536;

#[test]
fn a_join_is_longer_by_a_kilobyte_and_a_half_at_most() {
    let joined = Joined::new(&People::new());
    for (who, Bytes { bundle, boxes, .. }) in [("host", joined.bytes_of_host()), ("guest", joined.bytes_of_guest())] {
        assert!(bundle > 100 && boxes > 100, "{who}: {bundle} and {boxes} are counted");
        assert!(bundle + boxes <= MOST_ADDED, "{who}: {bundle} of the bundle and {boxes} of boxes");
    }
}

#[test]
fn every_message_has_one_box_and_no_box_is_beside_them() {
    assert_eq!(Joined::new(&People::new()).boxes(), [said_by_host().len(), said_by_guest().len()]);
}
