-- One location by its code.
SELECT radioshop.refuse_stock() AS refusal, l.code, l.name, l.kind, l.closed, l.revision
FROM (VALUES (1)) one (row)
LEFT JOIN radioshop.stock_location l ON l.code = upper(btrim(:location::text))
WHERE NOT radioshop.is_shop() OR l.location_id IS NOT NULL
