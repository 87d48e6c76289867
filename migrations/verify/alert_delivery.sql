-- Verify radioshop:alert_delivery on pg

BEGIN;

SELECT agency_id, route_id, code, channel, address, secret, principal, kinds, from_step, each_alone, quiet, time_zone, storm_limit, stopped,
  revision FROM radioshop.alert_route WHERE false;
SELECT agency_id, delivery_id, route_id, channel, address, secret, storm, made_at, next_at, state, generation, lease_until, leased_by, reply,
  ended_at FROM radioshop.alert_delivery WHERE false;
SELECT agency_id, notice_id, alert_id, route_id, round, state, reason, delivery_id, queued_at FROM radioshop.alert_notice WHERE false;
SELECT agency_id, running_since, decided_at, decided_day, claimed_at, sent_at FROM radioshop.alert_run WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 8, 'schema_version is below 8';
  ASSERT (SELECT bool_and(relrowsecurity AND relforcerowsecurity) FROM pg_class
    WHERE oid = ANY ('{radioshop.alert_route,radioshop.alert_delivery,radioshop.alert_notice,radioshop.alert_run}'::regclass[])),
    'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.alert_notice', 'DELETE, TRUNCATE'), 'notices can be deleted';
  ASSERT (SELECT decided IS NULL OR decided > 0 FROM radioshop.alert_times()), 'the times of the alerts cannot be read';
  ASSERT coalesce(current_setting('radioshop.agencies', true), '') = '', 'alert_times leaves its rights behind';
END
$$;

ROLLBACK;
