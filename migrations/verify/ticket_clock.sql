-- Verify radioshop:ticket_clock on pg

BEGIN;

SELECT c.agency_id, c.ticket_id, c.target_seconds, c.spent_seconds, c.since, c.due_at, c.ended FROM radioshop.ticket_clock c WHERE false;
SELECT s.urgent_hours, s.high_hours, s.normal_hours, s.low_hours FROM radioshop.ticket_terms s WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 17, 'schema_version is below 17';
  ASSERT (SELECT count(*) FROM radioshop.shop_span) > 1000, 'the calendar is not laid out';
  ASSERT radioshop.shop_instant(radioshop.shop_seconds(now()) + 3600) > now(), 'an hour of work is over before it begins';
END
$$;

ROLLBACK;
