-- Takes a role away. A function, because a statement does not see the rows that it writes itself.
SELECT c.refusal, p.name, p.display_name, p.disabled, p.grants, p.revision, p.created_at
FROM radioshop.change_grant(false, :principal::text, :role::text, :agency::text) c
CROSS JOIN LATERAL radioshop.shown_principal(c.principal_id) p
