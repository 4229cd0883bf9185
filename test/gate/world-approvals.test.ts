/** Tests of the gate that need a whole daemon: approvals of people. */
import './world/approvals.ts';
