-- The newest bureau report on each firm.
SELECT
    subject AS firm, other_banks_balance_fen::DOUBLE AS balance_fen, other_banks_overdue_fen::DOUBLE AS overdue_fen,
    other_banks_overdue_90_fen::DOUBLE AS overdue_90_fen,
    list_position(['normal', 'special_mention', 'substandard', 'doubtful', 'loss'], worst_class_elsewhere) - 1 AS worst_class,
    lenders, inquiries_6m AS inquiries, new_lenders_12m AS new_lenders, :as_of - reported_on AS age_days
FROM BureauReport
WHERE subject_type = 'Firm' AND reported_on <= :as_of
QUALIFY row_number() OVER (PARTITION BY subject ORDER BY reported_on DESC, recorded_at DESC, id) = 1
