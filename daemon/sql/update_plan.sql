-- Changes a plan; triggers count its due dates again in the same transaction.
SELECT s.refusal, s.agency, s.code, s.name, s.instructions, s.interval_count, s.interval_unit, s.basis, s.first_due_on, s.grace_days,
  s.escalate_days, s.class, s.model, s.stopped, s.assets, s.revision, s.rule, s.early_days, s.blackout_from, s.blackout_until,
  s.defer_limit_days, s.meter, s.meter_every
FROM radioshop.update_plan(:plan.agency::text, :plan.code::text, :plan.revision::int8, :update_mask.paths::text[], :plan.name::text,
  :plan.instructions::text, :plan.interval_count::int4, :plan.interval_unit::text, :plan.basis::text, :plan.first_due_on::date,
  :plan.grace_days::int4, :plan.escalate_days::int4, :plan.class::text, :plan.model::text, :plan.stopped::bool, :plan.rule::text, :plan.early_days::int4,
  :plan.blackout_from::text, :plan.blackout_until::text, :plan.defer_limit_days::int4, :plan.meter::text, :plan.meter_every::int8) s
