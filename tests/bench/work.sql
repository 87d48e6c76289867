-- A month of work, 2026-MONTH: a repair for every hundredth asset, each with labour, a part and, for every tenth, outside work. And
-- an agreement of the twenty cities from 2026-01 on. Loaded by the superuser without triggers, as the register is.
BEGIN;
SET LOCAL session_replication_role = replica;
SET LOCAL synchronous_commit = off;

INSERT INTO radioshop.agreement (from_month, time_zone, split, fees, fixed_costs, parts_handling_bp, fund_monthly_cents, fund_ceiling_cents)
VALUES ('2026-01-01', 'UTC', 'minutes', '[{"class": "portable", "monthly_cents": 2150}]', '[{"description": "Bench rent", "monthly_cents": 1000000000}]', 500, 1,
  10000000000) ON CONFLICT DO NOTHING;
INSERT INTO radioshop.agreement_member (agency_id, from_month, kind) SELECT i, '2026-01-01', 'member' FROM generate_series(1, 20) i ON CONFLICT DO NOTHING;
INSERT INTO radioshop.labour_rate (from_day, hourly_cents) VALUES ('2026-01-01', 9500) ON CONFLICT DO NOTHING;

CREATE TEMP TABLE repair AS
SELECT a.agency_id, md5('ticket' || :month || a.asset_id)::uuid AS ticket_id, a.asset_id, row_number() OVER () AS n,
  make_timestamptz(2026, :month, 1 + a.unit_id % 28, a.unit_id % 24, 0, 0, 'UTC') AS at
FROM radioshop.asset a WHERE a.unit_id % 100 = :month;
INSERT INTO radioshop.ticket (agency_id, ticket_id, number, asset_id, state, outcome, problem, opened_at, closed_at)
SELECT r.agency_id, r.ticket_id, 'B-' || :month || '-' || r.n, r.asset_id, 'closed', 'repaired', 'no audio', r.at, r.at FROM repair r;
INSERT INTO radioshop.ticket_entry (agency_id, ticket_id, entry_no, at, principal, kind, text, minutes, cost_cents)
SELECT r.agency_id, r.ticket_id, e.no, r.at, 'bench-cities', e.kind, e.text, e.minutes, e.cents
FROM repair r CROSS JOIN (VALUES (1, 'labour', '', 25, 0), (2, 'part', 'speaker', 0, 1420), (3, 'outside', 'depot', 0, 31000)) e (no, kind, text, minutes, cents)
WHERE e.no < 3 OR r.n % 10 = 0;
COMMIT;
VACUUM (ANALYZE, FREEZE) radioshop.ticket, radioshop.ticket_entry;
