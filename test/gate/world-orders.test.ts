/**
 * Tests of the gate that need a whole daemon: orders, their changes and what became of them. In one process, since
 * loading the daemon costs more than most of them; each also runs by itself, named to the test runner.
 */
import './world/absent-orders.ts';
import './world/amend.ts';
import './world/answers.ts';
import './world/amend-under-tightening.ts';
import './world/canceled-slices.ts';
import './world/change-answers.ts';
import './world/between-decision-and-send.ts';
import './world/changed-orders.ts';
import './world/hours-later.ts';
import './world/old-request-ids.ts';
import './world/open-lists.ts';
import './world/recall.ts';
import './world/refused-amends.ts';
import './world/slow-orders.ts';
import './world/standing-review.ts';
import './world/venue-order-limit.ts';
