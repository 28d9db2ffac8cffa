//! Names of files as people have them on the clipboard.

/// The path that is meant by what file managers and terminals put on the clipboard: `file://` addresses (RFC 8089), and paths in
/// quotes. Of several the first.
pub(super) fn as_path(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    for quote in ["\u{22}", "'"] {
        if let Some(inner) = line.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner.to_owned();
        }
    }
    let Some(rest) = line.strip_prefix("file://") else { return line.to_owned() };
    let path = decoded(rest.strip_prefix("localhost").unwrap_or(rest));
    // `file:///C:/…`: the drive begins the path.
    let drive = path.strip_prefix('/').filter(|rest| rest.get(1..2) == Some(":"));
    drive.map_or(path.clone(), str::to_owned)
}

/// With what `%` stands for (RFC 3986, section 2.1). What is not so encoded stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_becomes_a_path() {
        for (pasted, path) in [
            ("/files/a/b.pdf", "/files/a/b.pdf"),
            ("  \"/files/a b.pdf\"\n", "/files/a b.pdf"),
            ("'/files/a'", "/files/a"),
            ("file:///files/a%20b%C3%A9.pdf\r\nfile:///c", "/files/a bé.pdf"),
            ("file://localhost/a", "/a"),
            ("file:///C:/a.txt", "C:/a.txt"),
            ("C:\\a 100%.txt", "C:\\a 100%.txt"),
            ("file:///a%f", "/a%f"),
            ("file:///%ff", "/%ff"),
            ("file:///%+1%é", "/%+1%é"),
            ("", ""),
            ("\"", "\""),
        ] {
            assert_eq!(as_path(pasted), path, "{pasted}");
        }
    }
}
