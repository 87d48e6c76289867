-- Adds a version of the agreement, or puts it in the place of one.
SELECT a.refusal, a.from_month, a.until_month, a.time_zone, a.split, a.fees, a.fixed_costs, a.members, a.counted_statuses, a.warranty_work, a.stock_work,
  a.parts_handling_bp, a.outside_handling_bp, a.fund_monthly_cents, a.fund_floor_cents, a.fund_ceiling_cents, a.note, a.revision
FROM radioshop.set_agreement(:from_month::text, :revision::int8, :time_zone::text, :split::text, :fees.class::text[], :fees.monthly_cents::int8[],
  :fixed_costs.description::text[], :fixed_costs.monthly_cents::int8[], :members.agency::text[], :members.kind::text[],
  :members.share_bp::int4[], :counted_statuses::text[], :warranty_work::text, :stock_work::text, :parts_handling_bp::int4,
  :outside_handling_bp::int4, :fund_monthly_cents::int8, :fund_floor_cents::int8, :fund_ceiling_cents::int8, :note::text) a
