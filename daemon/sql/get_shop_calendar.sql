-- When the shop works.
SELECT z.refusal, z.time_zone, z.hours, z.holidays, z.revision FROM radioshop.shown_shop_calendar() z
