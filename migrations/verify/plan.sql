-- Verify radioshop:plan on pg

BEGIN;

SELECT agency_id, plan_id, code, code_key, name, instructions, interval_count, interval_unit, basis, first_due_on, grace_days,
  escalate_days, class, model_id, stopped, revision, created_at, updated_at FROM radioshop.plan WHERE false;

DO $$
BEGIN
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.plan'::regclass),
    'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.plan', 'DELETE, TRUNCATE'), 'plans can be deleted';
  ASSERT has_function_privilege('radioshop_app',
    'radioshop.create_plan(text, text, text, text, int, text, text, date, int, int, text, text, boolean)', 'EXECUTE'),
    'radioshop_app cannot create plans';
END
$$;

ROLLBACK;
