#!/usr/bin/python3
"""replay beside a server that sells: at every moment the journal is sound, and what clients heard stands."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import sluice

ROUNDS = sluice.amount("SLC_LIVE_ROUNDS", 8)


class Live(sluice.Case):
    FLAGS = ("--segment-size", "1MiB", "--block-size-max", "256KiB")

    def look(self, ledger):
        """Segments and events as verify and audit see them, one behind the other."""
        verified = json.loads(sluice.run(sluice.REPLAY, "verify", self.data, "--json", check=0).stdout)
        done = sluice.run(sluice.REPLAY, "audit", self.data, "--ledger", ledger, "--json", check=0)
        audited = json.loads(done.stdout)
        self.assertEqual(audited["result"], "PASS")
        self.assertGreaterEqual(audited["events"], verified["events"])
        return verified["segments"], audited["events"]

    def test_a_live_directory_is_sound_at_every_moment_and_behind_a_kill(self):
        server = self.start()
        server.open_drop(1, 1_000_000_000, per_user=40)
        server.open_drop(2, 3000)
        ledger = os.path.join(self.folder, "ledger")
        load = self.load(server, "--connections", 8, "--window", 64, "--duration", 3600, "--drop", "1:9",
                         "--drop", "2:1", "--users", 20000, "--rate", 20000, "--ledger", ledger, background=True)
        try:
            sluice.until(lambda: os.path.exists(ledger), "load has begun")
            rounds = 0
            segments = events = 0
            while rounds < ROUNDS or segments < 3 or events <= 10000:
                segments, now = self.look(ledger)
                self.assertGreaterEqual(now, events)
                events = now
                rounds += 1
                self.assertIsNone(load.poll(), "the load has given up")
            server.kill()
        finally:
            load.terminate()
            load.communicate(timeout=60)
        self.assertGreater(os.path.getsize(ledger), 0)
        self.look(ledger)


if __name__ == "__main__":
    sluice.main()
