-- Words and what they mean, by word, as the primary key has them; a shop has hundreds of them.
SELECT s.word, s.means, ARRAY[s.word] AS page_key
FROM radioshop.synonym s
WHERE s.word > coalesce((:page_key::text[])[1], '')
ORDER BY s.word
LIMIT :page_limit::int4
