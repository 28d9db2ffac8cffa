//! The page of `bench paths`.

use super::paths::{COLD, COLD_DELAY_MS, Measured, cold_visits, pair_name};
use super::paths_call::{Met, Network};
use super::paths_relayed::{Bar, FIGURES, LINK, WAYS, median};

/// All of it; what was not measured says so.
pub(super) fn page(measured: &Measured) -> String {
    format!(
        "# Which networks a visit gets through\n\n\
         By `cargo xtask bench paths`: the two programs as they are shipped and the server with its relay on port 443, in the link \
         laboratory.\n\n## Every network with every other\n\n{}\n## Nothing warmed\n\n{}\n## By a relay, beside straight\n\n{}\n\
         [docs/network.md](../network.md) tells how a path is found.\n",
        matrix(measured),
        cold(measured),
        relayed(measured)
    )
}

fn matrix(measured: &Measured) -> String {
    let heads: String = Network::ALL.map(|network| format!(" {} |", network.name())).concat();
    let mut rows = String::new();
    let (mut reached, mut looked_at) = (0, 0);
    for patient in Network::ALL {
        rows += &format!("| {} |", patient.name());
        for clinician in Network::ALL {
            let value = measured.get("matrix", &pair_name(patient, clinician));
            let met = Met::from_json(value);
            reached += usize::from(met.is_some());
            looked_at += usize::from(!value.is_null());
            rows += &match met {
                Some(Met { ways: [of_patient, of_clinician], picture_ms, .. }) => {
                    let ways =
                        if of_patient == of_clinician { of_patient } else { format!("{of_patient} / {of_clinician}") };
                    format!(" {}, {:.2} s |", ways.replace("relay_", ""), picture_ms / 1e3)
                }
                None if value.is_null() => " – |".to_owned(),
                None => " ✗ |".to_owned(),
            };
        }
        rows += "\n";
    }
    let verdict = if reached == looked_at { "✓" } else { "✗" };
    format!(
        "Connected: {reached} of {looked_at} {verdict} (bar: all). The patient's network beside, the clinician's above; 20 ms from each to the \
         server and\nback. A cell says by which way the packets went (`way` of the [report](../headless.md); the patient's / the clinician's where \
         they differ:\n`direct`, `udp`, `tcp` and `tls` by how this side's relay is reached, `theirs` where only the other side uses one, all \
         in their order\nwhere it changed), and how long after the admission both saw each other, three seconds after the patient knocked.\n\n\
         | patient \\ clinician |{heads}\n|---|---|---|---|---|---|\n{rows}\n\
         - *none*: a public address, nothing filtered. *port-restricted*: as most homes. *symmetric*: another port for each whom something is \
         sent to.\n- *udp-blocked*: nothing leaves but TCP to port 443; the rest is dropped and nobody told.\n\
         - *proxy-only*: nothing leaves but TCP to a proxy (HTTP CONNECT), which tunnels to port 443 alone; the app has it by `HTTPS_PROXY`.\n"
    )
}

fn cold(measured: &Measured) -> String {
    let mut rows = String::new();
    for cold in COLD {
        let (mut met, tried) = cold_visits(measured, cold.name);
        if tried == 0 {
            rows += &format!("| {} | {} | – | – | {:.1} s |\n", cold.name, cold.network.name(), cold.bar);
            continue;
        }
        met.sort_by(|one, other| one.picture_ms.total_cmp(&other.picture_ms));
        let all_came = met.len() == tried;
        let second = |millis: f64| format!("{:.2} s", millis / 1e3);
        // Those that did not come about are the worst.
        let median = met.get(tried / 2).map(|met| met.picture_ms);
        let worst = met.last().filter(|_| all_came).map(|met| met.picture_ms);
        let voice = {
            let mut voices: Vec<f64> = met.iter().map(|met| met.voice_ms).collect();
            voices.sort_by(f64::total_cmp);
            voices.get(tried / 2).copied()
        };
        let mut ways: Vec<String> = met.iter().flat_map(|met| met.ways.clone()).collect();
        ways.sort();
        ways.dedup();
        let is_reached = median.is_some_and(|median| median <= cold.bar * 1e3) && met.iter().all(|met| met.is_cold);
        let told = |value: Option<f64>| value.map_or_else(|| "never".to_owned(), second);
        let warmed = if met.iter().all(|met| met.is_cold) { "" } else { " (not cold)" };
        rows += &format!(
            "| {} | {} | {}{warmed} | {} | {} | {} | {:.1} s {} |\n",
            cold.name,
            cold.network.name(),
            ways.join(", ").replace("relay_", ""),
            told(median),
            told(worst),
            told(voice),
            cold.bar,
            if is_reached { "✓" } else { "✗" }
        );
    }
    format!(
        "Who knocks is admitted at once, so that no path was looked for before (a visit of which something was negotiated before the \
         admission would\nbe called *not cold* and fail). Both sides in the network named, {:.0} ms from each to the server and back, so {:.0} ms \
         between the two by any way.\nFrom the admission until both saw each other, and until both heard each other.\n\n\
         | path | network of both | way | picture, median | worst | voice, median | bar (picture, median) |\n|---|---|---|---|---|---|---|\n{rows}",
        COLD_DELAY_MS * 2.0,
        COLD_DELAY_MS * 4.0
    )
}

fn relayed(measured: &Measured) -> String {
    let heads: String = FIGURES.map(|figure| format!(" {} |", figure.name)).concat();
    let mut rows = String::new();
    for way in WAYS {
        rows += &format!("| {} |", way.name);
        for figure in FIGURES {
            let straight = median(measured, WAYS[0].name, figure);
            rows += &match (median(measured, way.name, figure), straight) {
                (None, _) => " – |".to_owned(),
                (Some(value), Some(straight)) if way.name != WAYS[0].name => {
                    let mark = if figure.bar.is_reached(straight, value) { "✓" } else { "✗" };
                    format!(" {value:.*} {mark} |", figure.digits)
                }
                (Some(value), _) => format!(" {value:.*} |", figure.digits),
            };
        }
        rows += "\n";
    }
    let calls = measured.get("relayed", WAYS[0].name).as_array().map_or(0, Vec::len);
    let bars = FIGURES.iter().fold((0.0, 0.0), |(part, later), figure| match figure.bar {
        Bar::NotLower(bar) => (bar, later),
        Bar::NotLater(bar) => (part, bar),
    });
    format!(
        "The patient on `{LINK}`, the clinician on `good`; real footage and voices, scored as in [links.md](links.md), from 10 s after the \
         admission. Means of\nboth directions, medians of {calls} calls each. Bars: no more than {:.0} % below the straight call's, and no more than \
         {:.0} ms later: the relay is on\nthe straight way between the two, so that the path itself is as long.\n\n\
         | way |{heads}\n|---|{}\n{rows}",
        bars.0 * 100.0,
        bars.1,
        "---|".repeat(FIGURES.len())
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn met(picture_ms: f64, is_cold: bool) -> serde_json::Value {
        json!({ "ways": ["relay_tls", "relay_theirs"], "picture_ms": picture_ms, "voice_ms": 90.0, "is_cold": is_cold })
    }

    #[test]
    fn a_pair_that_did_not_meet_is_seen() {
        let measured = Measured::of(json!({ "matrix": {
            "none × none": met(300.0, false), "none × symmetric": { "failed": "no_connection" } } }));
        let text = matrix(&measured);
        assert!(text.contains("Connected: 1 of 2 ✗"), "{text}");
        assert!(text.contains("| none | tls / theirs, 0.30 s | – | ✗ | – | – |"), "{text}");
    }

    #[test]
    fn a_cold_path_is_the_median_of_all_and_fails_where_something_was_warm() {
        let row = |visits: serde_json::Value| {
            let text = cold(&Measured::of(json!({ "cold": { "relay, TLS": visits } })));
            text.lines().find(|line| line.starts_with("| relay, TLS |")).unwrap().to_owned()
        };
        let all = row(json!([met(1_000.0, true), met(900.0, true), met(2_600.0, true)]));
        assert!(all.contains("| 1.00 s | 2.60 s |") && all.contains('✓'), "{all}");
        let failed = row(json!([met(1_000.0, true), { "failed": "" }, { "failed": "" }]));
        assert!(failed.contains("| never | never |") && failed.contains('✗'), "{failed}");
        let warm = row(json!([met(100.0, false)]));
        assert!(warm.contains("not cold") && warm.contains('✗'), "{warm}");
    }

    #[test]
    fn a_relayed_call_is_marked_and_the_straight_one_is_what_it_is_marked_by() {
        let call = |pesq: f64| json!([{ "pesq": pesq }]);
        let text = relayed(&Measured::of(
            json!({ "relayed": { "straight": call(4.0), "relay, UDP": call(3.9), "relay, TLS": call(3.0) } }),
        ));
        assert!(text.contains("| straight | 4.00 | –"), "{text}");
        assert!(text.contains("| relay, UDP | 3.90 ✓ |") && text.contains("| relay, TLS | 3.00 ✗ |"), "{text}");
        assert!(text.contains("| relay, TCP | – |"), "{text}");
    }
}
