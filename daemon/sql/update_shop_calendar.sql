-- Changes the hours or the time zone; every open clock is counted anew in the same transaction.
SELECT z.refusal, z.time_zone, z.hours, z.holidays, z.revision
FROM radioshop.update_shop_calendar(:calendar.revision::int8, :update_mask.paths::text[], :calendar.time_zone::text,
  :calendar.hours::text[]) z
