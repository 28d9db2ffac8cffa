#!/usr/bin/env python3
"""A second verifier of Housecall's evidence files, which shares no code with the first.

Usage: verify_evidence.py FILE [--key KEY] [--checkpoint FILE]...
Prints `verified` and what was found, or `refused NAME: where`. Exit status: 0 verified, 1 refused, 2 not read.
The format is described in docs/audit.md. Needs Python 3.9 and the package `cryptography`.
"""

import argparse
import base64
import hashlib
import json
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ID = re.compile(r"[a-z]{3}_[A-Za-z0-9_-]{22}\Z")
LARGEST = 1 << 53
LONGEST = 4096
ROW, PROOF, BETWEEN = '{"row":', '{"proof":"', '","row":'


class Refused(Exception):
    """The file is not what it says it is. `name` is the same as the first verifier's."""

    def __init__(self, name, where=""):
        super().__init__(f"{name}: {where}" if where else name)
        self.name = name


# Bytes, records, rows


def unbase64(text, length=None):
    """Bytes of base64url without padding; None for anything else, also another spelling of the same bytes."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        return None
    return data if length in (None, len(data)) else None


def pairs_once(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def record(text):
    """A canonical record, or None: flat, names ascending, printable ASCII, whole numbers below 2^53."""
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST:
        return None
    try:
        members = json.loads(text, object_pairs_hook=pairs_once)
    except (ValueError, RecursionError):
        return None
    if not isinstance(members, dict):
        return None
    plain = re.compile(r'[ !#-\[\]-~]*\Z')
    for name, value in members.items():
        number = isinstance(value, int) and not isinstance(value, bool)
        if not plain.match(name) or not isinstance(value, (str, int)):
            return None
        if number and not 0 <= value < LARGEST or isinstance(value, str) and not plain.match(value):
            return None
    if json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False) != text:
        return None
    return members


def is_number(value):
    return isinstance(value, int) and not isinstance(value, bool)


def row(text, line):
    members = record(text)
    if members is None:
        raise Refused("row_malformed", f"line {line}")
    version = members.get("v")
    if is_number(version) and version > 1:
        raise Refused("later_version", f"line {line}")
    whole = all(is_number(members.get(name)) for name in ("n", "at"))
    whole = whole and all(isinstance(members.get(name), str) for name in ("by", "what"))
    if not is_number(version) or version != 1 or not whole:
        raise Refused("row_malformed", f"line {line}")
    return members


# The tree (RFC 9162, section 2.1)


def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_from_inclusion(leaf, number, size, proof):
    """Section 2.1.3.2; None if the proof has another length."""
    if number >= size:
        return None
    at, last, root = number, size - 1, leaf
    for node in proof:
        if last == 0:
            return None
        if at & 1 or at == last:
            root = node_hash(node, root)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            root = node_hash(root, node)
        at, last = at >> 1, last >> 1
    return root if last == 0 else None


def is_consistent(earlier, earlier_root, size, root, proof):
    """Section 2.1.4.2."""
    if earlier == 0:
        return earlier_root == hashlib.sha256().digest() and not proof
    if earlier == size:
        return earlier_root == root and not proof
    if earlier > size or not proof and earlier & (earlier - 1):
        return False
    path = ([earlier_root] if earlier & (earlier - 1) == 0 else []) + proof
    if not path:
        return False
    at, last = earlier - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    one = two = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            one, two = node_hash(node, one), node_hash(node, two)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            two = node_hash(two, node)
        at, last = at >> 1, last >> 1
    return one == earlier_root and two == root and last == 0


class Tree:
    """Appended to one leaf at a time."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def push(self, leaf):
        size = self.size
        while size & 1:
            leaf, size = node_hash(self.peaks.pop(), leaf), size >> 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self):
        if not self.peaks:
            return hashlib.sha256().digest()
        root = self.peaks[-1]
        for left in reversed(self.peaks[:-1]):
            root = node_hash(left, root)
        return root


# Checkpoints (C2SP signed-note, tlog-checkpoint)


def log_name(key):
    return "housecall.log/" + base64.urlsafe_b64encode(hashlib.sha256(key).digest()[:16]).rstrip(b"=").decode()


def is_signed(key, signature, data):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def checkpoint(key, note):
    """Size, root and time of a checkpoint that the key has signed."""
    text, found, signatures = note.rpartition("\n\n")
    if not found or not signatures.endswith("\n") or any(ord(letter) < 32 and letter != "\n" for letter in note):
        raise Refused("checkpoint_malformed")
    text += "\n"
    name = log_name(key)
    identity = hashlib.sha256(name.encode() + b"\n\1" + key).digest()[:4]
    ours = None
    for line in signatures[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) < 3 or parts[0] != "\u2014":
            raise Refused("checkpoint_malformed")
        try:
            value = base64.b64decode(" ".join(parts[2:]), validate=True)
        except ValueError:
            raise Refused("checkpoint_malformed") from None
        if parts[1] == name and value[:4] == identity:
            ours = value[4:]
    if ours is None:
        raise Refused("not_signed")
    if not is_signed(key, ours, text.encode()):
        raise Refused("wrong_signature")
    lines = text[:-1].split("\n")
    number = re.compile(r"(0|[1-9][0-9]{0,19})\Z")
    if len(lines) != 4 or lines[0] != name or not number.match(lines[1]) or not lines[3].startswith("at "):
        raise Refused("checkpoint_malformed")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except ValueError:
        raise Refused("checkpoint_malformed") from None
    if len(root) != 32 or not number.match(lines[3][3:]):
        raise Refused("checkpoint_malformed")
    return int(lines[1]), root, int(lines[3][3:])


# Receipts


class Receipts:
    """Each is signed by the key of its endpoint's join, and those of both ends are the same."""

    FIELDS = ("visit", "endpoint", "peer", "happened", "agreed", "path", "level", "receipt_at")

    def __init__(self):
        self.keys, self.seen = {}, {}

    def take(self, members):
        if members["what"] == "endpoint":
            key = unbase64(members.get("key"), 32)
            if key and isinstance(members.get("endpoint"), str):
                self.keys.setdefault(members["endpoint"], key)
        if members["what"] != "receipt":
            return
        refused = Refused("receipt_not_signed", f"row {members['n']}")
        signature = unbase64(members.get("signature"), 64)
        texts = all(isinstance(members.get(name), str) for name in self.FIELDS[:-1])
        if not texts or not is_number(members.get("receipt_at")) or signature is None:
            raise refused
        if members["happened"] not in ("opened", "closed") or members["path"] not in ("direct", "relayed", "unknown"):
            raise refused
        if unbase64(members["agreed"], 32) is None:
            raise refused
        said = json.dumps({name: members[name] for name in self.FIELDS}, sort_keys=True, separators=(",", ":"))
        key = self.keys.get(members["endpoint"])
        if key is None or not is_signed(key, signature, b"housecall receipt v1\0" + said.encode()):
            raise refused
        if members["happened"] == "opened":
            self.seen.setdefault((members["endpoint"], members["peer"]), set()).add(members["agreed"])

    def compare(self):
        agreed = one_sided = 0
        for (one, other), seen in self.seen.items():
            theirs = self.seen.get((other, one))
            if theirs is None:
                one_sided += len(seen)
            elif one <= other:
                same = len(seen & theirs)
                if not same:
                    raise Refused("receipts_differ", f"{one} {other}")
                agreed += same
                one_sided += len(seen) + len(theirs) - 2 * same
        return agreed, one_sided


# The file


def hashes(text):
    data = unbase64(text)
    if data is None or len(data) % 32 or len(data) > 128 * 32:
        return None
    return [data[at:at + 32] for at in range(0, len(data), 32)]


def verify(lines, key=None, kept=()):
    """What was found, or `Refused`."""
    lines = iter(lines)
    head = record(next(lines, ""))
    if head is None or not is_number(head.get("evidence")) or head["evidence"] < 1:
        raise Refused("malformed", "line 1")
    if head["evidence"] > 1:
        raise Refused("later_version", "line 1")
    about, its_key = head.get("about"), unbase64(head.get("key"), 32)
    note = unbase64(head.get("checkpoint"))
    named = set(head) == {"about", "checkpoint", "erased_before", "evidence", "key"}
    about_is = isinstance(about, str) and (about == "*" or ID.match(about) and unbase64(about[4:], 16))
    if not named or not about_is or its_key is None or note is None or not is_number(head["erased_before"]):
        raise Refused("malformed", "line 1")
    if key is not None and key != its_key:
        raise Refused("other_key")
    try:
        size, root, at = checkpoint(its_key, note.decode())
    except UnicodeDecodeError:
        raise Refused("malformed", "line 1") from None
    earlier = {}
    for text in kept:
        its_size, its_root, _ = checkpoint(its_key, text)
        if its_size > size:
            raise Refused("rolled_back", f"{its_size} rows, now {size}")
        if its_size == size and its_root != root or earlier.setdefault(its_size, its_root) != its_root:
            raise Refused("forked", f"{its_size} rows")
    holding = {its_size for its_size in earlier if its_size == size}

    whole, tree, receipts = about == "*", Tree(), Receipts()
    last = last_of_visit = None
    rows = erased = 0
    begins_erased = False

    def compare():
        if whole and tree.size in earlier:
            if tree.root() != earlier[tree.size]:
                raise Refused("forked", f"{tree.size} rows")
            holding.add(tree.size)

    if 0 in earlier:
        if earlier[0] != Tree().root():
            raise Refused("forked", "0 rows")
        holding.add(0)
    for line, text in enumerate(lines, 2):
        malformed = Refused("malformed", f"line {line}")
        if text.startswith(ROW) and text.endswith("}"):
            if not whole:
                raise malformed
            text = text[len(ROW):-1]
            members = row(text, line)
            if members["n"] != tree.size:
                raise Refused("out_of_order", f"line {line}")
            tree.push(leaf_hash(text.encode()))
            compare()
            rows += 1
            continue
        if text.startswith(PROOF) and text.endswith("}"):
            proof, found, text = text[len(PROOF):-1].partition(BETWEEN)
            proof = hashes(proof)
            if whole or not found or proof is None:
                raise malformed
            members = row(text, line)
            if last is not None and members["n"] <= last:
                raise Refused("out_of_order", f"line {line}")
            if root_from_inclusion(leaf_hash(text.encode()), members["n"], size, proof) != root:
                raise Refused("not_included", f"row {members['n']}")
            if about not in [value for value in members.values() if isinstance(value, str)]:
                raise Refused("foreign_row", f"row {members['n']}")
            if members.get("visit") == about:
                before, last_of_visit = last_of_visit, members["n"]
                follows = members.get("follows")
                if follows != before:
                    if before is not None or follows is None or follows >= head["erased_before"]:
                        raise Refused("row_missing", f"before row {members['n']}")
                    begins_erased = True
            receipts.take(members)
            last = members["n"]
            rows += 1
            continue
        members = record(text)
        if members is None:
            raise malformed
        if set(members) == {"consistency", "since"} and is_number(members["since"]):
            proof = hashes(members["consistency"])
            if proof is None:
                raise malformed
            if members["since"] in earlier:
                if not is_consistent(members["since"], earlier[members["since"]], size, root, proof):
                    raise Refused("forked", f"{members['since']} rows")
                holding.add(members["since"])
        elif whole and set(members) == {"hash", "n"} and is_number(members["n"]):
            leaf = unbase64(members["hash"], 32)
            if leaf is None:
                raise malformed
            if members["n"] != tree.size:
                raise Refused("out_of_order", f"line {line}")
            tree.push(leaf)
            compare()
            erased += 1
        else:
            raise malformed
    if whole and tree.size != size:
        raise Refused("not_whole", f"{tree.size} of {size}")
    if whole and tree.root() != root:
        raise Refused("root_differs")
    for its_size in earlier:
        if its_size not in holding:
            raise Refused("no_consistency", f"{its_size} rows")
    agreed, one_sided = receipts.compare()
    return {
        "about": about, "size": size, "at": at, "rows": rows, "erased": erased, "begins_erased": begins_erased,
        "agreed": agreed, "one_sided": one_sided, "since": sorted(earlier),
    }


def main():
    parser = argparse.ArgumentParser(description="Verifies an evidence file of a Housecall audit log, offline.")
    parser.add_argument("file")
    parser.add_argument("--key")
    parser.add_argument("--checkpoint", action="append", default=[])
    arguments = parser.parse_args()

    def read(path):
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()

    try:
        key = None if arguments.key is None else unbase64(arguments.key, 32)
        if arguments.key is not None and key is None:
            raise ValueError("--key is 43 characters of base64url")
        text = sys.stdin.read() if arguments.file == "-" else read(arguments.file)
        # Who saved it may have ended it with one more line than a note has.
        kept = [read(path).rstrip("\n") + "\n" for path in arguments.checkpoint]
    except (OSError, ValueError) as error:
        print(f"verify_evidence: {error}", file=sys.stderr)
        return 2
    try:
        found = verify(text.removesuffix("\n").split("\n"), key, kept)
    except Refused as refused:
        print(f"refused {refused}")
        return 1
    print("verified")
    for name, value in found.items():
        print(f"{name}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
