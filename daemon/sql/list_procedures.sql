-- Procedures by code; a shop has tens of them.
SELECT s.code, s.name, s.post_repair, s.class, s.family, s.model, s.stopped, s.version, s.steps, s.plans, s.revision, ARRAY[page.code_key] AS page_key
FROM (SELECT p.procedure_id, p.code_key FROM radioshop.procedure p
  WHERE p.code_key > coalesce((:page_key::text[])[1], '') ORDER BY p.code_key LIMIT :page_limit::int4) page
CROSS JOIN LATERAL radioshop.shown_procedure(page.procedure_id) s
ORDER BY page.code_key
