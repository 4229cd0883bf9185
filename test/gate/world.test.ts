/**
 * All tests of the gate that need a whole daemon, in one process: loading the daemon costs more than most of them. Each
 * also runs by itself, named to the test runner.
 */
import './world/absent-orders.ts';
import './world/agent-turnover.ts';
import './world/amend.ts';
import './world/amend-under-tightening.ts';
import './world/change-answers.ts';
import './world/between-decision-and-send.ts';
import './world/changed-orders.ts';
import './world/exit-limits.ts';
import './world/disk-full.ts';
import './world/exits.ts';
import './world/failing-reads.ts';
import './world/gate-exits.ts';
import './world/halt-races.ts';
import './world/halted-symbol.ts';
import './world/intercept-args.ts';
import './world/limits.ts';
import './world/merged-exits.ts';
import './world/mistyped-names.ts';
import './world/open-lists.ts';
import './world/protection.ts';
import './world/recall.ts';
import './world/refused-amends.ts';
import './world/standing-review.ts';
