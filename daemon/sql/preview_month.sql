-- A month as it would be if it were closed now.
SELECT m.refusal, m.month, m.begins_at, m.ends_at, m.closed_at, m.closed_by, m.agreement, m.split, m.fixed_cents, m.shared_work_cents, m.subscriber_cents,
  m.remainder_cents, m.direct_cents, m.insurance_cents, m.correction_cents, m.total_cents, m.fund_cents, m.fingerprint, m.statements
FROM radioshop.preview_month(:month::text) m
