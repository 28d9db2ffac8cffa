//! The recovery sheet as a page to print: one file that asks nobody for anything.

use desk::Sheet;

use super::Language;

words! {
    sheet_page_title,
    sheet_page_print_now,
    sheet_page_heading,
    sheet_page_what_for,
    sheet_page_recover,
    sheet_page_how_to_keep,
    sheet_page_keep,
    sheet_page_signs,
    sheet_page_printed_on,
    sheet_page_kept_by,
}

/// The recovery sheet of the clinic at `server`, as HTML. It holds the clinic's secret: for the printer, and then to be
/// deleted.
pub fn recovery_page(language: Language, sheet: &Sheet, server: &str) -> String {
    language.speaks(|| page(language, sheet, server))
}

/// The page cannot be written to `path`: what the system says, and the next step.
pub fn sheet_not_written(language: Language, path: &str, error: &str) -> String {
    language.speaks(|| say!(sheet_not_written, path = path, error = error))
}

fn page(language: Language, sheet: &Sheet, server: &str) -> String {
    let groups: Vec<String> = sheet
        .groups
        .expose()
        .split('-')
        .enumerate()
        .map(|(at, group)| format!("<td><small>{}</small><b>{}</b></td>", at + 1, escaped(group)))
        .collect();
    let rows: Vec<String> = groups.chunks(4).map(|row| format!("<tr>{}</tr>", row.concat())).collect();
    let title = escaped(sheet_page_title());
    let language = language.tag();
    let body = [
        format!("<p class=\"screen\"><strong>{}</strong></p>", escaped(sheet_page_print_now())),
        format!("<h1>{}</h1>", escaped(sheet_page_heading())),
        paragraph(&say!(sheet_page_server, server = server)),
        paragraph(&super::fingerprint(&sheet.fingerprint)),
        format!("<table>{}</table>", rows.concat()),
        format!("<h2>{}</h2>", escaped(sheet_page_what_for())),
        paragraph(sheet_page_recover()),
        format!("<h2>{}</h2>", escaped(sheet_page_how_to_keep())),
        paragraph(sheet_page_keep()),
        paragraph(sheet_page_signs()),
        format!("<p>{} {LINE}</p>", escaped(sheet_page_printed_on())),
        format!("<p>{} {LINE}</p>", escaped(sheet_page_kept_by())),
    ];
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n{HEAD}<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n{}\n</body>\n</html>\n",
        body.join("\n")
    )
}

fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// To be written on by hand.
const LINE: &str = "<span class=\"line\">&nbsp;</span>";

/// Nothing is loaded and no script runs, whatever stands in it.
const HEAD: &str = r#"<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="robots" content="noindex">
"#;

const STYLE: &str = "\
body { font: 12pt/1.45 sans-serif; max-width: 42em; margin: 2em auto; padding: 0 1em; color: #000; background: #fff; }
table { border-collapse: collapse; margin: 1.5em 0; }
td { border: 1px solid #000; padding: .6em .9em; text-align: center; }
td b { display: block; font: bold 17pt monospace; letter-spacing: .12em; }
td small { color: #444; }
p { overflow-wrap: anywhere; }
.line { border-bottom: 1px solid #000; display: inline-block; width: 16em; }
@media print { .screen { display: none; } }
";

#[cfg(test)]
mod tests {
    use units::Phi;

    use super::*;

    #[test]
    fn the_page_has_all_groups_in_their_order_and_loads_nothing() {
        let groups: Vec<String> = (0..8).map(|group| format!("AB{group}CD")).collect();
        let sheet =
            Sheet { groups: Phi::new(groups.join("-")), fingerprint: "fingerprint-of-43".to_owned(), asked: [1, 2] };
        let page = recovery_page(Language::English, &sheet, "clinic.example<script>");
        let places: Vec<_> = groups.iter().map(|group| page.find(group).expect("printed")).collect();
        assert!(places.is_sorted());
        assert!(page.contains("fingerprint-of-43") && page.contains("clinic.example&lt;script&gt;"));
        assert!(
            !page.contains("<script")
                && !page.contains("http:")
                && !page.contains("https:")
                && !page.contains("{".repeat(2).as_str())
        );
        assert!(page.contains("default-src 'none'") && page.contains("lang=\"en\""));
        let spanish = recovery_page(Language::Spanish, &sheet, "clinic.example");
        assert!(spanish.contains("lang=\"es\"") && spanish.contains("fingerprint-of-43"));
    }
}
