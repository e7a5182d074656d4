"""Drives Anki's own sync client and server, one JSON command per line.

The timed part of a command is the client's sync alone; collections are made
and checked outside of it. Answers are one JSON line each.
"""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

from anki.collection import AddNoteRequest, Collection

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Peer:
    def __init__(self):
        self.server = None
        self.cols = {}

    # The server, over a folder that is its whole state.
    def serve(self, folder):
        port = free_port()
        env = dict(os.environ, SYNC_USER1="u:p", SYNC_BASE=folder, SYNC_HOST="127.0.0.1",
                   SYNC_PORT=str(port), MAX_SYNC_PAYLOAD_MEGS="1000", RUST_LOG="error")
        os.makedirs(folder, exist_ok=True)
        self.server = subprocess.Popen([sys.executable, "-m", "anki.syncserver"], env=env,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                return {"port": port}
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the sync server did not start")

    def stop(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            try:
                self.server.wait(20)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()
            self.server = None
        return {}

    def rss(self):
        with open(f"/proc/{self.server.pid}/status") as f:
            kib = next(int(l.split()[1]) for l in f if l.startswith("VmRSS"))
        return {"bytes": kib * 1024}

    def open(self, name, path):
        self.cols[name] = Collection(path)
        return {}

    def close(self, name):
        self.cols.pop(name).close()
        return {}

    def _auth(self, name, port):
        return self.cols[name].sync_login("u", "p", f"http://127.0.0.1:{port}/")

    # A first sync decides which side's collection counts.
    def full(self, name, port, upload):
        col = self.cols[name]
        auth = self._auth(name, port)
        out = col.sync_collection(auth, False)
        col.close_for_full_sync()
        col.full_upload_or_download(auth=auth, server_usn=out.server_media_usn, upload=upload)
        col.reopen(after_full_sync=True)
        return {}

    def sync(self, name, port):
        col = self.cols[name]
        auth = self._auth(name, port)
        begun = time.perf_counter()
        out = col.sync_collection(auth, False)
        took = time.perf_counter() - begun
        # 0: nothing to do, 1: a normal sync was done.
        if out.required not in (0, 1):
            raise RuntimeError(f"not a normal sync: {out.required}")
        return {"seconds": took}

    # Adds a note per line of a file.
    def add(self, name, file):
        col = self.cols[name]
        model = col.models.by_name("Basic")
        deck = col.decks.id("Default")
        with open(file, encoding="utf-8") as f:
            lines = f.read().split("\n")
        for start in range(0, len(lines), 1000):
            some = []
            for line in lines[start:start + 1000]:
                note = col.new_note(model)
                note["Front"] = line
                some.append(AddNoteRequest(note=note, deck_id=deck))
            col.add_notes(some)
        return {}

    # Edits every note of a stretch of the sorted notes.
    def edit(self, name, first, count, word):
        col = self.cols[name]
        ids = sorted(col.find_notes(""))
        some = []
        for nid in ids[first:first + count]:
            note = col.get_note(nid)
            note["Back"] = f"{word} {nid}"
            some.append(note)
        col.update_notes(some)
        return {}

    def digest(self, name):
        col = self.cols[name]
        rows = sorted(col.db.all("select guid, flds from notes"))
        return {"digest": hashlib.sha256(json.dumps(rows).encode()).hexdigest(), "count": len(rows)}

    def copy(self, src, dst):
        if os.path.isdir(src):
            shutil.copytree(src, dst)
        else:
            shutil.copy(src, dst)
        return {}


def main():
    peer = Peer()
    for line in sys.stdin:
        command = json.loads(line)
        act = getattr(peer, command.pop("do"))
        try:
            answer = act(**command)
        except Exception as problem:  # the caller decides what a failure means
            answer = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(answer), flush=True)
    peer.stop()


main()
