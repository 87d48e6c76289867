-- The days of replacement, and the budget years they are in.
BEGIN;
SELECT no_plan();

SELECT is(radioshop.replacement_day(bought::date, life, support::date), want::date, concat_ws(', ', bought, life, support)) FROM (VALUES
  ('2020-03-01', 8, NULL, '2028-03-01'), ('2020-03-01', 8, '2027-12-31', '2027-12-31'), ('2020-03-01', 8, '2028-03-02', '2028-03-01'), (NULL, 8, '2027-12-31', '2027-12-31'),
  ('2020-03-01', NULL, NULL, NULL), (NULL, 8, NULL, NULL), (NULL, NULL, NULL, NULL), ('2020-02-29', 1, NULL, '2021-02-28'), ('2199-12-31', 50, NULL, '2249-12-31')) v (bought, life, support, want);
SELECT is(radioshop.budget_year(day::date, month), want, day || ' from month ' || month) FROM (VALUES ('2026-06-30', 7, 2026), ('2026-07-01', 7, 2027), ('2026-12-31', 7, 2027), ('2027-01-01', 7, 2027),
  ('2026-01-01', 1, 2026), ('2026-12-31', 1, 2026), ('2026-11-30', 12, 2026), ('2026-12-01', 12, 2027)) v (day, month, want);
SELECT is((SELECT count(*) FROM generate_series(1, 12) m, generate_series('2020-01-01'::date, '2029-12-31'::date, '1 day') d
  WHERE NOT d::date BETWEEN radioshop.budget_year_begins(radioshop.budget_year(d::date, m), m) AND radioshop.budget_year_begins(radioshop.budget_year(d::date, m) + 1, m) - 1),
  0::bigint, 'each day of ten years lies in its budget year, whichever month that begins in');

SELECT is((SELECT array_agg(t.class || ' ' || t.life_years ORDER BY t.class) FROM radioshop.replacement_term t), '{mobile 10,portable 8}', 'what a new shop begins with');
SELECT throws_ok(format('INSERT INTO radioshop.replacement_term (model, class) VALUES (%L, %L)', m, c), '23514', NULL, format('no terms of %L and %L', m, c)) FROM (VALUES ('', ''), ('X', 'portable'), ('X', ''), ('', 'radio')) v (m, c);
SET LOCAL ROLE radioshop_app;
SELECT throws_ok('DELETE FROM radioshop.replacement_term', '42501', NULL, 'terms are not deleted');
SELECT set_config('radioshop.agencies', '{5}', true);
SELECT throws_ok($$INSERT INTO radioshop.replacement_term (class) VALUES ('pager')$$, '42501', NULL, 'nobody but the shop adds terms');

SELECT * FROM finish();
ROLLBACK;
