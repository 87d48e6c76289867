-- Hands out messages that are to be sent, for a time.
SELECT s.refusal, s.id, s.generation, s.agency, s.agency_name, s.route, s.channel, s.address, s.secret, s.storm, s.made_at, s.lease_until, s.state,
  s.reply, s.item_count, s.counts, s.items
FROM radioshop.claim_deliveries(:agency::text, :host::text, :lease_seconds::int4, :limit::int4) s
