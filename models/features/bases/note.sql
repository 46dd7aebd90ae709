-- Loan notes that fall due (`_due`: note, firm, due_on), with what the borrower has to repay them from (`_indicator`, `_statement`).
WITH instalments AS (
    SELECT
        r.subject AS note, count(*) AS due,
        count(*) FILTER (coalesce(CASE WHEN r.paid_on <= :as_of THEN r.paid_on END, :as_of) > r.due_on) AS late
    FROM _due d JOIN RepaymentDue r ON r.subject = d.note WHERE r.due_on <= :as_of GROUP BY 1
),
owed AS (
    SELECT b.src AS firm, b.dst AS note FROM BORROWS b WHERE b.src_type = 'Firm' AND b.dst_type = 'LoanNote' GROUP BY 1, 2
),
book AS (
    SELECT
        o.firm, sum(s.balance_fen)::DOUBLE AS balance_fen,
        sum(CASE WHEN n.matures_on > :as_of AND n.matures_on <= :as_of + 90 THEN s.balance_fen ELSE 0 END)::DOUBLE AS due_90_fen,
        count(*) FILTER (n.loan_form = 'renewal') AS renewals, count(*) FILTER (n.loan_form = 'new_for_old') AS rolled,
        count(*) FILTER (s.extended) AS extensions, count(*) AS notes
    FROM owed o JOIN LoanNote n ON n.id = o.note LEFT JOIN LoanNoteState s ON s.subject = o.note GROUP BY 1
)
SELECT
    d.note, d.due_on - :as_of AS days_left, n.principal_fen::DOUBLE AS principal_fen, s.balance_fen::DOUBLE AS balance_fen,
    n.margin_fen::DOUBLE AS margin_fen, n.annual_rate, n.product, n.loan_form, d.due_on - n.drawn_on AS term_days,
    s.days_past_due, s.extended, s.renewed, i.due AS instalments, i.late, b.balance_fen AS firm_fen, b.due_90_fen, b.renewals, b.rolled,
    b.extensions, b.notes, g.deposit, g.inflow, t.cash
FROM _due d
JOIN LoanNote n ON n.id = d.note
JOIN LoanNoteState s ON s.subject = d.note
LEFT JOIN instalments i ON i.note = d.note
LEFT JOIN book b ON b.firm = d.firm
LEFT JOIN _indicator g ON g.firm = d.firm
LEFT JOIN _statement t ON t.firm = d.firm
