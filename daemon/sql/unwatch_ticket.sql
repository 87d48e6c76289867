-- Lets somebody watch a ticket no longer.
SELECT w.refusal, w.number AS ticket, w.watchers FROM radioshop.watch_ticket(:ticket::text, :principal::text, false) w
