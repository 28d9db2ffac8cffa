// The functions of a proxy script that ask nobody, as the format's documents and the reference (Mozilla's
// ascii_pac_utils.js) have them mean. `dnsResolve`, `dnsResolveEx`, `myIpAddress`, `myIpAddressEx` and `isInNetEx` are there
// before. Ranges of days, dates and hours may go past midnight and past the turn of the year.
"use strict";

function isPlainHostName(host) {
    return !/[.:]/.test(host);
}

function dnsDomainIs(host, domain) {
    return String(host).toLowerCase().endsWith(String(domain).toLowerCase());
}

function localHostOrDomainIs(host, hostdom) {
    return host === hostdom || (isPlainHostName(host) && String(hostdom).startsWith(host + "."));
}

function dnsDomainLevels(host) {
    return String(host).split(".").length - 1;
}

function isResolvable(host) {
    return dnsResolve(host) !== undefined && dnsResolve(host) !== null;
}

function isResolvableEx(host) {
    return dnsResolveEx(host) !== "";
}

function convert_addr(address) {
    const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(String(address));
    if (parts === null || parts.slice(1).some((part) => part > 255)) {
        return null;
    }
    return ((parts[1] << 24) | (parts[2] << 16) | (parts[3] << 8) | parts[4]) >>> 0;
}

function isInNet(host, pattern, mask) {
    let address = convert_addr(host);
    if (address === null) {
        address = convert_addr(dnsResolve(host));
    }
    const net = convert_addr(pattern), bits = convert_addr(mask);
    return address !== null && net !== null && bits !== null && ((address & bits) === (net & bits));
}

// Only `*` and `?` mean something. Step by step and not by a regular expression, whose time grows without bounds.
function shExpMatch(text, pattern) {
    text = String(text);
    pattern = String(pattern);
    let t = 0, p = 0, star = -1, from = 0;
    while (t < text.length) {
        if (pattern[p] === "*") {
            star = p++;
            from = t;
        } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
            p++;
            t++;
        } else if (star >= 0) {
            p = star + 1;
            t = ++from;
        } else {
            return false;
        }
    }
    while (pattern[p] === "*") {
        p++;
    }
    return p === pattern.length;
}

function sortIpAddressList(list) {
    return String(list).split(";").map((one) => one.trim()).filter((one) => one !== "")
        .sort((a, b) => b.includes(":") - a.includes(":")).join(";");
}

function getClientVersion() {
    return "1.0";
}

function alert() {}

// What a range is told: its words, and the time that they are of.
function rangeOf(given) {
    const words = Array.from(given);
    const utc = words[words.length - 1] === "GMT";
    if (utc) {
        words.pop();
    }
    const now = new Date();
    const of = (what) => now[(utc ? "getUTC" : "get") + what]();
    return { words, of };
}

function isBetween(first, now, last) {
    return first <= last ? first <= now && now <= last : first <= now || now <= last;
}

function weekdayRange() {
    const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    const { words, of } = rangeOf(arguments);
    const days = words.map((word) => DAYS.indexOf(String(word).toUpperCase()));
    if (days.length < 1 || days.length > 2 || days.includes(-1)) {
        return false;
    }
    return isBetween(days[0], of("Day"), days[days.length - 1]);
}

function dateRange() {
    const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    const { words, of } = rangeOf(arguments);
    // Each word is a day, a month or a year by its form; a range names the same of them twice.
    const read = (word) => {
        const month = MONTHS.indexOf(String(word).toUpperCase());
        const number = Number(word);
        if (month >= 0) {
            return { of: "Month", is: month, weighs: 31 };
        }
        return number <= 31 ? { of: "Date", is: number - 1, weighs: 1 } : { of: "FullYear", is: number, weighs: 372 };
    };
    const all = words.map(read);
    const half = all.length === 1 ? 1 : all.length / 2;
    const first = all.slice(0, half), last = all.slice(-half);
    if (all.length < 1 || all.length > 6 || half % 1 !== 0 || first.some((one, i) => one.of !== last[i].of)) {
        return false;
    }
    const sum = (list) => list.reduce((total, one) => total + one.is * one.weighs, 0);
    const now = first.map((one) => ({ ...one, is: of(one.of) - (one.of === "Date" ? 1 : 0) }));
    return isBetween(sum(first), sum(now), sum(last));
}

function timeRange() {
    const { words, of } = rangeOf(arguments);
    const numbers = words.map(Number);
    if (![1, 2, 4, 6].includes(numbers.length) || numbers.some(Number.isNaN)) {
        return false;
    }
    const half = numbers.length === 1 ? 1 : numbers.length / 2;
    // To the end of the hour or of the minute that is named last.
    const seconds = (list, rest) => list.concat(rest.slice(list.length)).reduce((sum, one) => sum * 60 + one, 0);
    const now = of("Hours") * 3600 + of("Minutes") * 60 + of("Seconds");
    return isBetween(seconds(numbers.slice(0, half), [0, 0, 0]), now, seconds(numbers.slice(-half), [23, 59, 59]));
}
