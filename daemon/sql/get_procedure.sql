-- One procedure by code, in the version asked for.
SELECT CASE WHEN p.procedure_id IS NULL THEN radioshop.refuse('NOT_FOUND', 'procedure', format('there is no procedure %s', :procedure::text))
    WHEN s.steps IS NULL THEN radioshop.refuse('NOT_FOUND', 'version',
      format('procedure %s has no version %s; the last one is %s', p.code, :version::int4, p.version)) END AS refusal,
  s.code, s.name, s.post_repair, s.class, s.family, s.model, s.stopped, s.version, s.steps, s.plans, s.revision
FROM (VALUES (1)) one (row)
LEFT JOIN radioshop.procedure p ON p.code_key = upper(btrim(:procedure))
LEFT JOIN LATERAL radioshop.shown_procedure(p.procedure_id, nullif(:version, 0)) s ON p.procedure_id IS NOT NULL
