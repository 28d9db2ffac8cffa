//! The recovery sheet as a page to print: one file that asks nobody for anything.

use desk::Sheet;

/// The recovery sheet of the clinic at `server`, as HTML. It holds the clinic's secret: for the printer, and then to be
/// deleted.
pub fn recovery_page(sheet: &Sheet, server: &str) -> String {
    let groups: Vec<String> = sheet
        .groups
        .expose()
        .split('-')
        .enumerate()
        .map(|(at, group)| format!("<td><small>{}</small><b>{}</b></td>", at + 1, escaped(group)))
        .collect();
    let rows: Vec<String> = groups.chunks(4).map(|row| format!("<tr>{}</tr>", row.concat())).collect();
    PAGE.replace("{server}", &escaped(server))
        .replace("{fingerprint}", &escaped(&sheet.fingerprint))
        .replace("{groups}", &rows.concat())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Nothing is loaded and no script runs, whatever stands in it.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="robots" content="noindex">
<title>Housecall recovery sheet</title>
<style>
body { font: 12pt/1.45 sans-serif; max-width: 42em; margin: 2em auto; padding: 0 1em; color: #000; background: #fff; }
table { border-collapse: collapse; margin: 1.5em 0; }
td { border: 1px solid #000; padding: .6em .9em; text-align: center; }
td b { display: block; font: bold 17pt monospace; letter-spacing: .12em; }
td small { color: #444; }
code { overflow-wrap: anywhere; }
.line { border-bottom: 1px solid #000; display: inline-block; width: 16em; }
@media print { .screen { display: none; } }
</style>
</head>
<body>
<p class="screen"><strong>Print this page now (Ctrl+P), then close it. The file is deleted when you go on in Housecall.</strong></p>
<h1>Recovery sheet of your clinic</h1>
<p>Server: {server}</p>
<p>The clinic's fingerprint: <code>{fingerprint}</code></p>
<table>{groups}</table>
<h2>What it is for</h2>
<p>If the admin's laptop is lost or broken, sign in as admin on another one, choose &ldquo;Recover the clinic&rdquo; and type these
eight groups. Links that patients have keep working, and the lost laptop can certify nothing any more.</p>
<h2>How to keep it</h2>
<p>Whoever has this sheet can pose as your clinic. Lock it away like a passport: in a safe, or with your notary. No photograph, no
copy on a computer, no e-mail. A second printed copy in another building is a good idea. If it may have been seen, your clinic has
to begin anew with another key.</p>
<p>Letters and digits: there is no letter O, I, L or U; a 0 is a zero and a 1 is a one. The last sign of each group is a check.</p>
<p>Printed on <span class="line">&nbsp;</span></p>
<p>Kept by <span class="line">&nbsp;</span></p>
</body>
</html>
"#;

#[cfg(test)]
mod tests {
    use units::Phi;

    use super::*;

    #[test]
    fn the_page_has_all_groups_in_their_order_and_loads_nothing() {
        let groups: Vec<String> = (0..8).map(|group| format!("AB{group}CD")).collect();
        let sheet =
            Sheet { groups: Phi::new(groups.join("-")), fingerprint: "fingerprint-of-43".to_owned(), asked: [1, 2] };
        let page = recovery_page(&sheet, "clinic.example<script>");
        let places: Vec<_> = groups.iter().map(|group| page.find(group).expect("printed")).collect();
        assert!(places.is_sorted());
        assert!(page.contains("fingerprint-of-43") && page.contains("clinic.example&lt;script&gt;"));
        assert!(
            !page.contains("<script")
                && !page.contains("http:")
                && !page.contains("https:")
                && !page.contains("{".repeat(2).as_str())
        );
        assert!(page.contains("default-src 'none'"));
    }
}
