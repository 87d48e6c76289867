-- One principal with its grants, for administrators of the shop.
SELECT s.name, s.display_name, s.disabled, s.grants, s.revision, s.created_at
FROM radioshop.principal p CROSS JOIN LATERAL radioshop.shown_principal(p.principal_id) s
WHERE p.name = btrim(:principal::text) AND radioshop.is_shop()
