-- What became of a message that was handed out.
SELECT s.refusal, s.id, s.generation, s.agency, s.agency_name, s.route, s.channel, s.address, s.secret, s.storm, s.made_at, s.lease_until, s.state,
  s.reply, s.item_count, s.counts, s.items
FROM radioshop.confirm_delivery(:delivery::text, :generation::int4, :outcome::text, :reply::text) s
