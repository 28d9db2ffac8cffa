use std::sync::atomic::AtomicU32;

use proptest::prelude::*;

use super::*;

/// A world with one name and one address, in which time is counted by how often it is asked for.
#[derive(Default)]
struct Here {
    asked: AtomicU32,
}

impl World for Here {
    fn resolve(&self, name: &str) -> Vec<IpAddr> {
        match name {
            "clinic.example" => vec!["2001:db8::7".parse().unwrap(), "192.0.2.7".parse().unwrap()],
            literal => literal.parse().into_iter().collect(),
        }
    }

    fn own_addresses(&self) -> Vec<IpAddr> {
        vec!["10.1.2.3".parse().unwrap(), "2001:db8::3".parse().unwrap()]
    }

    fn time_is_over(&self) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed) > 50
    }
}

fn ask(source: &str) -> Result<Vec<Hop>, Trouble> {
    let world: Arc<dyn World> = Arc::new(Here::default());
    let script = Script::new(source.as_bytes().to_vec())?;
    script.find("https://clinic.example:443/", "clinic.example", &world)
}

/// Whether this is true, to a script.
fn holds(expression: &str) -> bool {
    let answer = ask(&format!(
        "function FindProxyForURL(url, host) {{ return ({expression}) === true ? 'DIRECT' : 'PROXY no:1'; }}"
    ));
    let hops = answer.unwrap_or_else(|trouble| panic!("{expression}: {trouble}"));
    hops == [Hop::Straight]
}

#[test]
fn a_script_as_they_are_written_names_the_proxy() {
    let script = r#"
        // A clinic's.
        function FindProxyForURL(url, host) {
            if (isPlainHostName(host) || dnsDomainIs(host, ".local")) return "DIRECT";
            if (isInNet(myIpAddress(), "10.0.0.0", "255.0.0.0") && shExpMatch(url, "https://*.example:443/*"))
                return "PROXY proxy.example:3128; DIRECT";
            return "DIRECT";
        }"#;
    let proxy = Hop::Proxy { tls: false, host: "proxy.example".to_owned(), port: 3_128 };
    assert_eq!(ask(script), Ok(vec![proxy, Hop::Straight]));
    assert_eq!(ask(&format!("\u{feff}{script}")).unwrap().len(), 2, "with a mark of its order of bytes");
    assert_eq!(ask("function FindProxyForURL() {}"), Ok(vec![Hop::Straight]));
    let latin = Script::new(b"// f\xfcr die Klinik\nfunction FindProxyForURL() { return 'DIRECT' }".to_vec()).unwrap();
    let world: Arc<dyn World> = Arc::new(Here::default());
    assert_eq!(latin.find("https://a/", "a", &world), Ok(vec![Hop::Straight]));
}

#[test]
fn a_script_that_never_ends_is_stopped_wherever_it_loops() {
    for endless in [
        "for (;;) {}",
        "function FindProxyForURL() { for (;;) {} }",
        "function FindProxyForURL() { for (;;) { try { for (;;) {} } catch (e) {} } }",
        "function FindProxyForURL() { try { for (;;) {} } finally { return 'DIRECT' } }",
        "function FindProxyForURL() { return [1].map(() => { for (;;) {} }).join() }",
        "function FindProxyForURL() { return /^(a+)+$/.test('a'.repeat(60) + 'b') ? 'DIRECT' : '' }",
    ] {
        assert_eq!(ask(endless), Err(Trouble::Endless), "{endless}");
    }
}

#[test]
fn a_script_gets_so_much_memory_and_no_more() {
    for greedy in [
        "function FindProxyForURL() { return 'DIRECT'.repeat(100000000) }",
        "function FindProxyForURL(url) { return FindProxyForURL(url) }",
    ] {
        assert_eq!(ask(greedy), Err(Trouble::Greedy), "{greedy}");
    }
    let growing = ask("function FindProxyForURL() { let all = []; for (;;) all.push('x'.repeat(1000) + all.length) }");
    assert!(matches!(growing, Err(Trouble::Greedy | Trouble::Endless)), "{growing:?}");
    assert_eq!(Script::new(vec![b' '; LONGEST + 1]).err(), Some(Trouble::Greedy));
}

#[test]
fn a_script_that_is_none_is_broken() {
    for broken in [
        "",
        "<html>Sign in first</html>",
        "function FindProxyForUrl() { return 'DIRECT' }",
        "function FindProxyForURL() { throw new Error('out of order') }",
        "function FindProxyForURL() { throw 7 }",
        "function FindProxyForURL() { return noSuchThing }",
        "var FindProxyForURL = 7",
    ] {
        assert_eq!(ask(broken), Err(Trouble::Broken), "{broken}");
    }
    assert_eq!(ask("function FindProxyForURL() { return 'SOCKS5 a.example:1080' }"), Err(Trouble::NoWay));
}

#[test]
fn a_script_knows_nothing_but_the_functions_of_the_format() {
    for unknown in ["Uint8Array", "Promise", "Proxy", "WeakRef", "require", "process", "fetch", "std", "os", "console"]
    {
        assert!(holds(&format!("typeof {unknown} === 'undefined'")), "{unknown}");
    }
}

#[test]
fn hosts_and_networks_are_told_apart() {
    for yes in [
        "isPlainHostName('www')",
        "!isPlainHostName('www.example') && !isPlainHostName('::1')",
        "dnsDomainIs('WWW.Example', '.example') && !dnsDomainIs('www.example', '.org')",
        "localHostOrDomainIs('www', 'www.example') && localHostOrDomainIs('www.example', 'www.example')",
        "!localHostOrDomainIs('www.other', 'www.example')",
        "dnsDomainLevels('www') === 0 && dnsDomainLevels('a.b.c') === 2",
        "isResolvable('clinic.example') && !isResolvable('nobody.example')",
        "dnsResolve('clinic.example') === '192.0.2.7'",
        "dnsResolveEx('clinic.example') === '2001:db8::7;192.0.2.7' && isResolvableEx('clinic.example')",
        "isInNet('192.0.2.7', '192.0.2.0', '255.255.255.0') && isInNet('clinic.example', '192.0.2.0', '255.255.255.0')",
        "!isInNet('192.0.3.7', '192.0.2.0', '255.255.255.0') && !isInNet('nobody.example', '0.0.0.0', '0.0.0.0')",
        "!isInNet('192.0.2.700', '192.0.2.0', '0.0.0.0')",
        "isInNetEx('2001:db8::7', '2001:db8::/32') && !isInNetEx('2001:db9::7', '2001:db8::/32')",
        "isInNetEx('10.1.2.3', '10.0.0.0/8') && isInNetEx('1.2.3.4', '0.0.0.0/0') && !isInNetEx('1.2.3.4', '::/0')",
        "!isInNetEx('1.2.3.4', '1.2.3.4/33') && !isInNetEx('a', 'b')",
        "myIpAddress() === '10.1.2.3' && myIpAddressEx() === '10.1.2.3;2001:db8::3'",
        "sortIpAddressList('10.0.0.1; ::1') === '::1;10.0.0.1'",
        "shExpMatch('http://a.example/x.html', '*/x.htm?') && !shExpMatch('http://a.example/', '*/b/*')",
        "shExpMatch('', '') && shExpMatch('', '*') && !shExpMatch('a', '') && shExpMatch('aab', '*ab')",
        "shExpMatch('a+b', 'a+b') && !shExpMatch('aab', 'a+b')",
    ] {
        assert!(holds(yes), "{yes}");
    }
}

#[test]
fn times_are_told_apart() {
    // The script's clock says Wednesday, 31 December 2025, 23:30:15 in Greenwich.
    let at = |expression: &str| {
        let clock =
            "globalThis.Date = (function (Real) { return function () { return new Real(1767223815000) } })(Date)";
        holds(&format!("({clock}, {expression})"))
    };
    for yes in [
        "weekdayRange('WED', 'GMT') && weekdayRange('mon', 'fri', 'GMT') && weekdayRange('TUE', 'SUN', 'GMT')",
        "!weekdayRange('THU', 'GMT') && weekdayRange('SAT', 'WED', 'GMT') && !weekdayRange('THU', 'TUE', 'GMT')",
        "dateRange(31, 'GMT') && !dateRange(30, 'GMT') && dateRange('DEC', 'GMT') && dateRange(2025, 'GMT')",
        "dateRange('NOV', 'JAN', 'GMT') && !dateRange('JAN', 'NOV', 'GMT') && dateRange(2025, 2026, 'GMT')",
        "dateRange(24, 'DEC', 6, 'JAN', 'GMT') && !dateRange(1, 'JAN', 24, 'DEC', 'GMT')",
        "dateRange(1, 'JUN', 2025, 1, 'JUN', 2026, 'GMT') && !dateRange(1, 'JUN', 2024, 1, 'JUN', 2025, 'GMT')",
        "dateRange('OCT', 2025, 'MAR', 2026, 'GMT') && !dateRange(1, 'DEC', 'GMT') && !dateRange('GMT')",
        "timeRange(23, 'GMT') && timeRange(22, 23, 'GMT') && timeRange(22, 6, 'GMT') && !timeRange(8, 17, 'GMT')",
        "timeRange(23, 0, 23, 30, 'GMT') && !timeRange(23, 0, 23, 29, 'GMT')",
        "timeRange(23, 30, 15, 23, 30, 15, 'GMT') && !timeRange(23, 30, 16, 23, 59, 59, 'GMT') && !timeRange(1, 2, 3)",
    ] {
        assert!(at(yes), "{yes}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_a_file_holds_comes_to_hops_or_to_a_trouble(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let world: Arc<dyn World> = Arc::new(Here::default());
        let found = Script::new(bytes).and_then(|script| script.find("https://a/", "a", &world));
        prop_assert!(found.map_or(true, |hops| !hops.is_empty()));
    }

    #[test]
    fn whatever_a_script_answers_comes_to_hops_or_to_a_trouble(answer in any::<String>()) {
        let text = answer.escape_unicode().to_string();
        let found = ask(&format!("function FindProxyForURL() {{ return '{text}' }}"));
        prop_assert!(matches!(found, Ok(_) | Err(Trouble::NoWay)) , "{found:?}");
    }
}
