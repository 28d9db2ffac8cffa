//! The page of `bench paths`.

use super::paths::{COLD, COLD_DELAYS_MS, Measured, cold_visits, pair_name};
use super::paths_call::{Met, Network};
use super::paths_relayed::{Bar, FIGURES, LINK, WAYS, median};

/// All of it; what was not measured says so.
pub(super) fn page(measured: &Measured) -> String {
    format!(
        "# Which networks a visit gets through\n\n\
         By `cargo xtask bench paths`, in the link laboratory, the server with its relay on port 443 and with \
         `--relay-private-peers`, since the\nlaboratory's addresses are private ones. Measured:\n{}.\n\n## Every network with every other\n\n{}\n## Nothing warmed\n\n{}\n## By a relay, beside straight\n\n{}\n\
         [docs/network-details.md](../network-details.md) tells how a path is found.\n",
        programs(measured),
        matrix(measured),
        cold(measured),
        relayed(measured)
    )
}

/// Which build was measured; both, where it was another one for the relayed calls.
fn programs(measured: &Measured) -> String {
    let of = |part| measured.get("programs", part).as_str().unwrap_or("–");
    match (of("matrix"), of("relayed")) {
        (matrix, relayed) if matrix == relayed => matrix.to_owned(),
        (matrix, relayed) => format!("{matrix}; by a relay, beside straight: {relayed}"),
    }
}

/// At which commit; of each part, where they are of several.
pub(super) fn commits(measured: &Measured) -> String {
    let of = |part| measured.get("commits", part).as_str().unwrap_or("a commit that was not noted");
    let parts = [("matrix", of("matrix")), ("cold", of("cold")), ("relayed", of("relayed"))];
    if parts.iter().all(|(_, commit)| *commit == parts[0].1) {
        return parts[0].1.to_owned();
    }
    parts.map(|(part, commit)| format!("{commit} ({part})")).join(", ")
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
         in their order\nwhere it changed), and how long after the admission both saw each other. That is **warmed**: the patient had waited for three seconds, in which the two had \
         found their path;\nwhat a path costs that nothing was done for stands below.\n\n\
         | patient \\ clinician |{heads}\n|---|---|---|---|---|---|\n{rows}\n\
         - *none*: a public address, nothing filtered. *port-restricted*: as most homes. *symmetric*: another port for each whom something is \
         sent to.\n- *udp-blocked*: nothing leaves but TCP to port 443; the rest is dropped and nobody told.\n\
         - *proxy-only*: nothing leaves but TCP to a proxy (HTTP CONNECT), which tunnels to port 443 alone; the app has it by `HTTPS_PROXY`.\n"
    )
}

fn cold(measured: &Measured) -> String {
    let mut rows = String::new();
    for cold in COLD {
        let [near, far] = COLD_DELAYS_MS.map(|delay_ms| Visits::of(measured, cold.name, delay_ms));
        rows += &format!(
            "| {} | {} | {} | {} | {} | {} | {:.1} s {} | {} | {} |\n",
            cold.name,
            cold.network.name(),
            near.ways,
            near.told(near.median),
            near.told(near.worst),
            near.told(near.voice),
            cold.bar,
            near.verdict(cold.bar),
            far.told(far.median),
            far.told(far.worst)
        );
    }
    let [near, far] = COLD_DELAYS_MS.map(|delay_ms| delay_ms * 4.0);
    format!(
        "Who knocks is admitted at once, so that no path was looked for before (a visit of which something was negotiated before the \
         admission would\nbe called *warm* and fail). Both sides in the network named; {near:.0} ms between the two and back, by the server too. From \
         the admission until both\nsaw each other, and until both heard each other. The last two columns: the same with {far:.0} ms, \
         for which there is no bar.\n\n\
         | path | network of both | way | picture, median | worst | voice, median | bar (picture, median) | picture at {far:.0} ms, \
         median | worst |\n|---|---|---|---|---|---|---|---|---|\n{rows}"
    )
}

/// What came of the visits by one cold path; times in milliseconds, none where too few came about.
struct Visits {
    ways: String,
    median: Option<f64>,
    worst: Option<f64>,
    voice: Option<f64>,
    tried: usize,
    is_warm: bool,
}

impl Visits {
    fn of(measured: &Measured, name: &str, delay_ms: f64) -> Self {
        let (met, tried) = cold_visits(measured, name, delay_ms);
        let sorted = |of: fn(&Met) -> f64| {
            let mut values: Vec<f64> = met.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let (pictures, voices) = (sorted(|met| met.picture_ms), sorted(|met| met.voice_ms));
        let mut ways: Vec<String> = met.iter().flat_map(|met| met.ways.clone()).collect();
        ways.sort();
        ways.dedup();
        Self {
            ways: ways.join(", ").replace("relay_", ""),
            // Those that did not come about are the worst.
            median: pictures.get(tried / 2).copied(),
            worst: pictures.last().filter(|_| met.len() == tried).copied(),
            voice: voices.get(tried / 2).copied(),
            tried,
            is_warm: met.iter().any(|met| !met.is_cold),
        }
    }

    fn told(&self, millis: Option<f64>) -> String {
        match millis {
            _ if self.tried == 0 => "–".to_owned(),
            None => "never".to_owned(),
            Some(millis) if self.is_warm => format!("{:.2} s (warm)", millis / 1e3),
            Some(millis) => format!("{:.2} s", millis / 1e3),
        }
    }

    fn verdict(&self, bar_secs: f64) -> &'static str {
        match self.median {
            _ if self.tried == 0 => "",
            Some(median) if median <= bar_secs * 1e3 && !self.is_warm => "✓",
            _ => "✗",
        }
    }
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
         admission. Means of\nboth directions, the median of {calls} each way. Bars: no more than {:.0} % below the straight call's, and no more than \
         {:.0} ms later: the relay is on\nthe straight way between the two, so that the path itself is as long. Over a stream each packet carries more (24 bytes by \
         TCP, 46 by\nTLS), its acknowledgements share the link, and what is lost holds up what comes after it: on a link that is full that is seen.\n\n\
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
    fn the_page_says_at_which_commit_each_part_was_measured() {
        let of = |value| commits(&Measured::of(json!({ "commits": value })));
        assert_eq!(of(json!({ "matrix": "`a`", "cold": "`a`", "relayed": "`a`" })), "`a`");
        assert_eq!(
            of(json!({ "matrix": "`a`", "cold": "`b` + changes", "relayed": "`a`" })),
            "`a` (matrix), `b` + changes (cold), `a` (relayed)"
        );
    }

    #[test]
    fn a_cold_path_is_the_median_of_all_and_fails_where_something_was_warm() {
        let row = |visits: serde_json::Value| {
            let text = cold(&Measured::of(json!({ "cold": { "relay, TLS, 50 ms": visits } })));
            text.lines().find(|line| line.starts_with("| relay, TLS |")).unwrap().to_owned()
        };
        let all = row(json!([met(1_000.0, true), met(900.0, true), met(2_600.0, true)]));
        assert!(all.contains("| 1.00 s | 2.60 s |") && all.contains('✓'), "{all}");
        let failed = row(json!([met(1_000.0, true), { "failed": "" }, { "failed": "" }]));
        assert!(failed.contains("| never | never |") && failed.contains('✗'), "{failed}");
        let warm = row(json!([met(100.0, false)]));
        assert!(warm.contains("(warm)") && warm.contains('✗'), "{warm}");
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
