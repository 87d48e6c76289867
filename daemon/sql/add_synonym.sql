-- Adds a word that means the same as another.
SELECT c.refusal, c.shown_word AS word, c.shown_means AS means FROM radioshop.change_synonym(true, :synonym.word::text, :synonym.means::text) c
