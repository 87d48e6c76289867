-- One code by kind and code.
SELECT c.kind, c.code, c.name, c.retired, c.revision FROM radioshop.ticket_code c
WHERE c.kind = :kind::text AND c.code = upper(btrim(:code::text))
