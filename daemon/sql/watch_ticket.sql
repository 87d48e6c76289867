-- Lets somebody watch a ticket; who has no route hears nothing of it, and is told so now.
SELECT w.refusal, w.number AS ticket, w.watchers,
  CASE WHEN w.refusal IS NULL AND NOT EXISTS (SELECT FROM radioshop.agency g JOIN radioshop.alert_route r ON r.agency_id = g.agency_id
      WHERE g.code = split_part(w.number, '-', 1) AND NOT r.stopped AND r.principal = who.name AND r.from_step = 0
        AND (r.kinds = '{}' OR 'ticket_moved' = ANY (r.kinds)))
    THEN ARRAY[format('%s hears nothing of it yet: no route of %s for alerts is theirs; radioshop route create adds one (--principal %s)', who.name,
      split_part(w.number, '-', 1), who.name)] ELSE '{}' END AS warnings
FROM (SELECT coalesce(nullif(btrim(:principal::text), ''), radioshop.caller()) AS name) who
CROSS JOIN LATERAL radioshop.watch_ticket(:ticket::text, :principal::text, true) w
