-- One agency by its code. The shop itself (agency 0) is not an agency that people see.
SELECT a.code, a.name, a.time_zone, coalesce(a.class, 'unspecified') AS class, a.revision, a.created_at, a.updated_at
FROM radioshop.agency a
WHERE a.code = upper(btrim(:agency::text)) AND a.agency_id = ANY (radioshop.agencies()) AND a.agency_id <> 0
