-- The next version of a limit; the versions before stay.
SELECT s.refusal, s.id, s.test, s.kind, s.family, s.band, s.mode, s.from_mhz, s.to_mhz, s.direction, s.low, s.high, s.unit, s.source,
  s.valid_from, s.version, s.withdrawn, s.text, s.set_by, s.set_at
FROM radioshop.set_limit(:limit.test::text, :limit.kind::text, :limit.family::text, :limit.band::text, :limit.mode::text,
  :limit.from_mhz::float8, :limit.to_mhz::float8, :limit.direction::text, :limit.low::float8, :limit.high::float8, :limit.unit::text,
  :limit.source::text, :limit.valid_from::date, :limit.version::int4, :limit.withdrawn::bool) s
