/**
 * Tests of the gate that need a whole daemon: limits, states and failures. In one process, since loading the daemon costs more than most of
 * them; each also runs by itself, named to the test runner.
 */
import './world/agent-turnover.ts';
import './world/asked-again.ts';
import './world/disk-full.ts';
import './world/disk-full-cancels.ts';
import './world/halt-races.ts';
import './world/halted-symbol.ts';
import './world/hanging-answers.ts';
import './world/intercept-args.ts';
import './world/limits.ts';
import './world/liquidated.ts';
import './world/locked-margin.ts';
import './world/mistyped-names.ts';
import './world/newly-listed.ts';
