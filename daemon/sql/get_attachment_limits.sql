-- How much one agency may attach, and how much there is.
SELECT g.code AS agency, l.file_bytes, l.total_bytes, l.record_files, l.used_bytes, l.revision
FROM radioshop.agency g JOIN radioshop.attachment_limits l ON l.agency_id = g.agency_id
WHERE g.code = upper(btrim(:agency::text)) AND g.agency_id = ANY (radioshop.agencies())
