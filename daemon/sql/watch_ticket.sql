-- Lets somebody watch a ticket.
SELECT w.refusal, w.number AS ticket, w.watchers FROM radioshop.watch_ticket(:ticket::text, :principal::text, true) w
