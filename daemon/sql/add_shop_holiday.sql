-- Adds a holiday; every open clock is counted anew in the same transaction.
SELECT z.refusal, z.time_zone, z.hours, z.holidays, z.revision FROM radioshop.change_shop_holiday(true, :day::date, :name::text) z
