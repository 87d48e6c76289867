-- Who is calling. Row level security lets every principal see itself and its own grants, and all roles may call this, so that
-- the agencies of all its grants are known.
SELECT p.name, p.display_name, p.disabled, p.grants, p.revision, p.created_at
FROM radioshop.shown_principal(nullif(current_setting('radioshop.principal_id', true), '')::uuid) p
