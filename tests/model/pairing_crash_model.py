#!/usr/bin/env python3
"""Explicit-state check of the Latchgate pairing + rotation commit.

Actors: D device, G gateway (claim row), C connector.  The network may drop, duplicate, delay and reorder;
each actor may crash between any two atomic steps (volatile state lost, durable state kept).
A state is STRANDED if from it no continuation whatever reaches DONE = device and connector both active on one key.
Also checked: SAFE = in a DONE state the QR secret is gone on both sides and they hold the same key.

  python3 pairing_crash_model.py v1      # design as published (burn setup key on first use, reply carries the key once)
  python3 pairing_crash_model.py v2      # two-phase commit
  python3 pairing_crash_model.py v2 --no-claim-id | --no-keep-old   # ablations: each must show strandings
  python3 pairing_crash_model.py v2 --early-delete   # shows none: this connector never forgets a candidate; src/built.rs does
"""
import sys
from collections import deque
MODE = sys.argv[1] if len(sys.argv) > 1 else "v2"
ABL = set(sys.argv[2:])
MAXTRY = 3          # fresh handshake attempts (key candidates) explored
MAXNET = 3          # messages in flight at once

# state = (D, G, C, net, ntry)
# D: (phase, key, has_qr, vol)  phase: claiming | claimed | pending | active ; vol = volatile handshake id or None
# G: 'open' | 'issued' (password issued, unconfirmed) | 'used' ; plus gpw generation, D's pw generation
# C: (phase, cands frozenset, active_key, has_qr)
def init():
    D = ("claiming", None, True, None, 0)      # phase,key,has_qr,vol,pw_generation held (0 = none)
    G = ("open", 0)                            # claim state, password generation on the gateway
    C = ("offered", frozenset(), None, True)
    return (D, G, C, frozenset(), 0)

def done(s):
    D, G, C, net, n = s
    return D[0] == "active" and C[0] == "active" and D[1] == C[2] and D[4] == G[1] and D[4] > 0

def send(net, m):
    return None if len(net) >= MAXNET and m not in net else net | {m}

def pw_ok(D, G): return D[4] > 0 and D[4] == G[1]

def succ(s):
    D, G, C, net, n = s
    dph, dkey, dqr, dvol, dpw = D
    gph, gpw = G
    cph, cc, ckey, cqr = C
    out = []
    def add(label, D=D, G=G, C=C, net=net, n=n):
        if net is not None: out.append((label, (D, G, C, net, n)))
    # ---- faults
    for m in net: add("drop", net=net - {m})
    if dvol is not None: add("crashD", D=(dph, dkey, dqr, None, dpw))
    # connector holds no volatile state that matters except via messages: its half-open handshake is modelled by the reply
    # ---- claim at the gateway
    if dph == "claiming": add("D:claim", net=send(net, ("claim",)))
    for m in net:
        rest = net                      # duplication: message may stay in flight; 'drop' removes it
        k = m[0]
        if k == "claim":
            if gph == "open": add("G:issue", G=("issued", 1), net=send(rest, ("pw", 1)))
            elif gph == "issued" and MODE == "v2" and "--no-claim-id" not in ABL and gpw < 3:
                add("G:reissue", G=("issued", gpw + 1), net=send(rest, ("pw", gpw + 1)))
            # v1: setup key burned -> 410, device never gets a password
        elif k == "pw" and dph == "claiming":
            # an old duplicate answer may arrive; device stores it, may be stale; it re-claims when refused (below)
            add("D:claimed", D=("claimed", dkey, dqr, dvol, m[1]))
        # ---- v1 : one request / one reply under the QR secret
        elif k == "req1" and pw_ok(D, G) and MODE == "v1":
            if cph == "offered":
                add("C:rotate1", C=("active", frozenset(), m[1], False), net=send(rest, ("rep1", m[1])))
        elif k == "rep1" and MODE == "v1" and dph == "claimed" and dvol == m[1]:
            add("D:done1", D=("active", m[1], False, None, dpw))
        # ---- v2 pairing handshake under the QR secret
        elif k == "hs1" and MODE == "v2":
            if cqr and cph in ("offered", "pending"):
                keep = cc if "--no-keep-old" not in ABL else frozenset()
                c2 = frozenset(sorted(keep | {m[1]})[-4:])
                add("C:pend", C=("pending", c2, ckey, cqr), net=send(rest, ("hs2", m[1])))
        elif k == "hs2" and MODE == "v2" and dph == "claimed" and dvol == m[1]:
            qr2 = dqr if "--early-delete" not in ABL else False
            add("D:pend", D=("pending", m[1], qr2, None, dpw))
        # ---- v2 first session under the new key = commit
        elif k == "s1" and MODE == "v2":
            if m[1] in cc or (cph == "active" and ckey == m[1]):
                add("C:s2", net=send(rest, ("s2", m[1])))
            else:
                add("C:nokey", net=send(rest, ("nokey", m[1])))
        elif k == "s2" and MODE == "v2" and dph == "pending" and dkey == m[1]:
            add("D:active", D=("active", dkey, False, None, dpw))
        elif k == "nokey" and MODE == "v2" and dph == "pending" and dkey == m[1] and dqr:
            add("D:fallback", D=("claimed", None, True, None, dpw))   # UNAUTHENTICATED hint: only a retry, nothing erased
        elif k == "fin" and MODE == "v2":
            if m[1] in cc: add("C:active", C=("active", frozenset(), m[1], False))
    # ---- device initiatives
    if dph == "claimed":
        if not pw_ok(D, G):
            if MODE == "v2": add("D:reclaim", D=("claiming", dkey, dqr, None, 0))   # 401 at CONNECT and never connected yet
        elif n < MAXTRY:
            if gph == "issued": g2 = ("used", gpw)    # first successful CONNECT closes the claim
            else: g2 = G
            kind = "req1" if MODE == "v1" else "hs1"
            add("D:try", D=(dph, dkey, dqr, n + 1, dpw), G=g2, net=send(net, (kind, n + 1)), n=n + 1)
    if MODE == "v2" and dph == "pending": add("D:s1", net=send(net, ("s1", dkey)))
    if MODE == "v2" and dph == "active":
        add("D:s1", net=send(net, ("s1", dkey))); add("D:fin", net=send(net, ("fin", dkey)))
    return out

def main():
    s0 = init(); seen = {s0: None}; q = deque([s0]); preds = {}
    while q:
        s = q.popleft()
        for l, t in succ(s):
            preds.setdefault(t, set()).add(s)
            if t not in seen: seen[t] = (l, s); q.append(t)
    good = {s for s in seen if done(s)}
    # backward reachability from DONE
    can = set(good); q = deque(good)
    while q:
        t = q.popleft()
        for p in preds.get(t, ()):
            if p not in can: can.add(p); q.append(p)
    # states where the attempt bound itself ends exploration are not counted (bounded-model artefact)
    stuck = [s for s in seen if s not in can and s[4] < MAXTRY and s[2-1][1] < 3]
    bad = [s for s in good if s[0][2] or s[2][3]]
    print(f"mode={MODE} {' '.join(ABL)} states={len(seen)} done={len(good)} stranded={len(stuck)} done-with-QR-secret={len(bad)}")
    if stuck:
        s = min(stuck, key=lambda x: depth(seen, x)); path = []
        while seen[s]: l, p = seen[s]; path.append(l); s = p
        print("  shortest stranding:", " -> ".join(reversed(path)))
    return 1 if stuck or bad else 0
def depth(seen, s):
    d = 0
    while seen[s]: d += 1; s = seen[s][1]
    return d
sys.exit(main())
