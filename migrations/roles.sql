-- The two roles of DESIGN: run once per cluster by its superuser, before the migrations; running it again does nothing.
--   radioshop_owner owns the schema and runs migrations; radioshop_app is the daemon: no ownership, no DDL, no BYPASSRLS.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'radioshop_owner') THEN
    CREATE ROLE radioshop_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'radioshop_app') THEN
    CREATE ROLE radioshop_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
  END IF;
END
$$;
ALTER ROLE radioshop_app SET search_path = radioshop, pg_temp;
ALTER ROLE radioshop_owner SET search_path = radioshop, pg_temp;
