#!/usr/bin/env python3
"""Checks a task of `lianjian-server export-task`: verify.py FOLDER_OR_ZIP OFFICE_KEY (got elsewhere, base64url or hex)."""
import base64, hashlib, itertools, json, pathlib, sys, uuid, zipfile
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
LIMITS = """It cannot exclude: changes after a receipt; chains or ledgers not handed over; a stolen key, or one
certified for the wrong person (see above); a wrong clock; that a statement is untrue or a photo shows something
else. Tree heads prove age only against one that somebody else wrote down; SHA-256 of the newest here:"""
def sha(*parts): return hashlib.sha256(b"".join(parts)).digest()
def b64(text): return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
def holds(key, signature, *message):
    try: return Ed25519PublicKey.from_public_bytes(key).verify(signature, b"".join(message)) is None
    except Exception: return False
def in_tree(leaf, place, path, head):  # RFC 6962: the path holds what is beside the way to the root
    last, h = head["size"] - 1, sha(b"\0", leaf)
    for beside in map(bytes.fromhex, path):
        h = sha(b"\1", beside, h) if place % 2 or place == last else sha(b"\1", h, beside)
        while place == last and place % 2 == 0 and place: place, last = place // 2, last // 2
        place, last = place // 2, last // 2
    return last == 0 and h.hex() == head["root"]
def verify(read, names, pinned, say=print):  # answers what was touched: file, first byte, byte after the last, why
    found, keys, raw = [], {}, read("bundle.json")
    index, points, claims = json.loads(raw), set(), []  # where chains have been; where they are said to have been
    def check(right, why, file="bundle.json", start=0, end=len(raw)):
        if not right: found.append((file, start, end, why))
    def signed(key, tag, item):
        check(holds(key, b64(item["signature"]), tag, item["text"].encode()), "signed otherwise: " + item["text"])
        return json.loads(item["text"])
    def by_server(tag, item): return signed(keys[json.loads(item["text"])["by"], "server"], tag, item)
    for item in index["certificates"]:
        who = signed(pinned, b"lianjian-certificate-v1", item)
        keys[who["replica"], who["role"]] = b64(who["key"])
        say("key of %(role)s %(name)s, replica %(replica)s" % who, "person", who.get("person"))
    intact = holds(keys[index["by"], "server"], read("bundle.sig"), b"lianjian-bundle-v1", raw)
    check(intact, "it or bundle.sig") or check(intact, "or bundle.json", "bundle.sig", 0, len(read("bundle.sig")))
    heads = [by_server(b"lianjian-tree-v1", item) for item in index["tree_heads"]]
    chained = all(b["previous"] == sha(a["text"].encode()).hex() for a, b in zip(index["tree_heads"], heads[1:]))
    check(chained, "tree heads are not chained")
    for chain in index["chains"]:
        name, me, base = chain["file"], [chain["ledger"], chain.get("writer", chain["replica"])], chain.get("base")
        data, key = read(name), keys.get((me[1], "tablet")) or keys[me[1], "server"]
        ids, ends = b"".join(uuid.UUID(one).bytes for one in me), [0, *itertools.accumulate(chain["lengths"])]
        h, b = (bytes.fromhex(base["hash"]), base["pos"]) if base else (sha(b"lianjian-chain-v1", ids), 0)
        good, after, held = b, b, by_server(b"lianjian-receipt-v1", chain["receipt"])
        if base: claims, points = claims + [((*me, b, h.hex()), "a branch of nothing: " + name)], points | {(*me, h, b)}
        for pos, sealed, by in ((one["pos"], bytes.fromhex(one["hash"]), one["signature"]) for one in chain["seals"]):
            for n in range(good, pos): points.add((*me, n + 1, (h := sha(h, data[ends[n - b]:ends[n + 1 - b]])).hex()))
            claims += [] if by else [((*me, sealed, pos), "unsealed: " + name)]  # but sealed on by a branch
            check(not by or holds(key, b64(by), b"lianjian-seal-v1", ids, pos.to_bytes(8, "big"), sealed), "seal")
            check(h == sealed, "not what seal %d signs" % pos, name, ends[good - b], ends[pos - b])
            h, good = sealed, pos  # from here on as it was sealed, so that further ranges are found too
        check(len(data) == (end := ends[good - b]) == ends[-1], "cut or added to", name, min(end, len(data)), len(data))
        check(held | {"ledger": me[0], "replica": chain["replica"], "upto": good, "hash": h.hex()} == held, "receipt " + name)
        for item in chain["acceptances"]:
            leaf, proof = json.loads(item["leaf"]), (item["index"], item["path"], heads[item["head"]])
            check(in_tree(item["leaf"].encode(), *proof), "not under its tree head: " + item["leaf"])
            check(leaf["ledger"] == me[0] and leaf["from"] <= after + 1 <= leaf["upto"], "a gap: " + item["leaf"])
            start, after = after, leaf["upto"]  # where a chain was cut since, the rest is on a branch
            where = (name, ends[start - b], ends[after - b]) if after <= good else ()
            claims.append(((*me, after, leaf["hash"]), "not accepted: " + item["leaf"], *where))
        check(after >= good, "the last acceptance is missing: " + name)
    for point, *why in claims: check(point in points, *why)
    files = [file for file in index["files"] if file["file"]]
    for name, sha256, data in ((one["file"], one["sha256"], read(one["file"])) for one in files):
        check(sha(data).hex() == sha256, "not the file that was recorded", name, 0, len(data))
    for name in names ^ {"bundle.json", "bundle.sig", *(one["file"] for one in index["chains"] + files)}:
        check(False, "unlisted" if name in names else "missing", name, 0, len(read(name)))
    say("%d chains, %d of %d files enclosed" % (len(index["chains"]), len(files), len(index["files"])))
    return say(LIMITS, sha(index["tree_heads"][-1]["text"].encode()).hex()) or found
def main(source, key):
    root = (zipfile if zipfile.is_zipfile(source) else pathlib).Path(source)
    found = filter(pathlib.Path.is_file, root.rglob("*")) if isinstance(root, pathlib.Path) else root.root.namelist()
    names = {one if isinstance(one, str) else one.relative_to(root).as_posix() for one in found}
    names = {name for name in names if name[-1] != "/"}  # an archive names folders too
    read = lambda name: (root / name).read_bytes() if name in names else b""
    try: found = verify(read, names, bytes.fromhex(key) if len(key) == 64 else b64(key))
    except Exception as why: found = [("bundle.json", 0, len(read("bundle.json")), "unreadable: %r" % why)]
    for file, start, end, why in found: print(f"TOUCHED {file}, bytes {start} to {end}: {why}")
    sys.exit("NOT GENUINE: do not rely on it" if found else print("GENUINE, as far as this can tell"))
if __name__ == "__main__": main(*sys.argv[1:])
