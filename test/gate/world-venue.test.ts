/**
 * Tests of the gate that need a whole daemon: what the venue does not list, refuses or does not answer. In one process,
 * since loading the daemon costs more than most of them; each also runs by itself, named to the test runner.
 */
import './world/closed-symbols.ts';
import './world/failing-reads.ts';
import './world/flatten-goes-on.ts';
import './world/flatten-taken-back.ts';
import './world/for-a-person.ts';
