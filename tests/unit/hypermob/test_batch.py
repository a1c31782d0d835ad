"""Tables as spreadsheets of every country write them: each is read, or told what it lacks."""

from unicodedata import normalize

import pytest

from chalicelib.errors import InvalidInputError
from hypermob.batch import person, read, resume
from hypermob.people import FileMissingError, number, read_photo, sex


@pytest.fixture
def table(tmp_path):
    def write(content):
        path = tmp_path / "people.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


ANN = {"photo": "ann.jpg", "height_cm": "170.5", "sex": "female"}


@pytest.mark.parametrize(
    "content",
    [
        "photo,height_cm,sex\nann.jpg,170.5,female\n",
        "\ufeffphoto,height_cm,sex\r\nann.jpg,170.5,female\r\n",
        "photo;height_cm;sex\nann.jpg;170.5;female\n",
        "photo\theight_cm\tsex\nann.jpg\t170.5\tfemale\n",
        " Photo , HEIGHT cm ,Sex \n ann.jpg , 170.5 , female \n",
        '"Photo", "Height (cm)", "SEX"\n"ann.jpg", "170.5", "female"\n',
        "\n\nphoto,height-cm,sex\n\nann.jpg,170.5,female\n\n",
        "photo,height_cm,sex,\nann.jpg,170.5,female,\n",
        "photo,height_cm,sex\rann.jpg,170.5,female",
        "sex;photo;height_cm\nfemale;ann.jpg;170.5\n",
    ],
)
def test_a_header_is_read_however_a_spreadsheet_wrote_it(table, content):
    assert read(table(content)) == [ANN]


def test_the_separator_is_the_one_that_the_header_needs(table):
    """However many of the others stand in names of columns and files."""
    rows = "a,b,c.jpg;170,5;x, y, z\n" * 9
    assert read(table("photo;height_cm;where, who, what, when\n" + rows))[8] == {
        "photo": "a,b,c.jpg",
        "height_cm": "170,5",
        "where_who_what_when": "x, y, z",
    }
    assert read(table('photo,height_cm,"a;b;c;d"\n"a;b.jpg",170,1;2;3\n')) == [
        {"photo": "a;b.jpg", "height_cm": "170", "a_b_c_d": "1;2;3"}
    ]


def test_korean_columns_are_one_in_whichever_form_they_are_typed(table):
    composed, decomposed = "\ud0a4", "\u110f\u1175"
    for typed in (composed, decomposed):
        assert list(read(table(f"photo,height_cm,{typed}\na.jpg,170,\n"))[0])[2] == composed


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("name;height_cm;Age in years\na;170;30\n", "columns are: name, height_cm, Age in years"),
        ("photo\na.jpg\n", "height_cm: a column of that name; the columns are: photo"),
        ("photo height_cm\na.jpg 170\n", "the columns are: photo height_cm"),
        ("", "the columns are: none"),
        ("\n\n", "the columns are: none"),
        ('{"photo": "a.jpg", "height_cm": 170}', "photo: a column"),
        ("photo,height_cm,Height CM\n", "height_cm: one column of that name"),
        ("사진,키\n김.jpg,170\n".encode("cp949"), "UTF-8"),
        ("photo\theight_cm\na.jpg\t170\n".encode("utf-16"), "UTF-8"),
        (b"PK\x03\x04\xff\xfe\0\0", "UTF-8"),
    ],
)
def test_what_lacks_a_column_is_told_which_it_has(table, content, words):
    with pytest.raises(InvalidInputError) as refused:
        read(table(content))
    assert words in refused.value.message("en")
    assert refused.value.message("ko")


def test_a_row_shorter_than_the_header_has_empty_cells(table):
    rows = read(table("photo,height_cm,sex\nann.jpg,170.5\n"))
    assert rows == [{"photo": "ann.jpg", "height_cm": "170.5", "sex": ""}]
    assert person(rows[0]).sex is None


def test_a_comma_that_makes_two_cells_of_one_is_no_height(table):
    """170,5 would be 170, and 5 the next column or none."""
    [row] = read(table("photo,height_cm\nann.jpg,170,5\n"))
    with pytest.raises(InvalidInputError, match="beyond the header"):
        person(row)
    [quoted, trailing] = read(table('photo,height_cm\nann.jpg,"170.5",,\nann.jpg,170.5,\n'))
    assert person(quoted) == person(trailing)


@pytest.mark.parametrize(
    ("typed", "meant"), [("175", 175.0), ("175,5", 175.5), (" 175.5 ", 175.5), ("1,75", 1.75)]
)
def test_numbers_are_read_as_people_type_them(typed, meant):
    assert number(typed) == meant


@pytest.mark.parametrize("typed", ["1,755", "1.755,5", "175,5,5", "tall", "5'9\"", ","])
def test_what_may_be_two_numbers_or_none_is_none(typed):
    assert number(typed) == typed


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *(("Male", "male"), (" FEMALE ", "female"), ("M", "male"), ("f", "female"), ("남", "male")),
        *(("여성", "female"), ("\u1102\u1161\u11b7", "male"), ("w", "w"), ("", "")),
    ],
)
def test_a_sex_is_read_as_people_type_it(typed, meant):
    assert sex(typed) == meant


def test_a_row_may_have_decimal_commas_and_capitals(table):
    [row] = read(table("photo;height_cm;sex;weight_kg\nann.jpg;170,5;Female;60,2\n"))
    ann = person(row)
    assert (ann.height_cm, ann.sex, ann.weight_kg) == (170.5, "female", 60.2)
    with pytest.raises(InvalidInputError, match=r"not m: 170\.5"):
        person(row | {"height_cm": "1.705"})
    with pytest.raises(InvalidInputError, match="one of female, male"):
        person(row | {"sex": "w"})


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("stored", ["NFC", "NFD"])
def test_a_korean_name_is_found_in_whichever_form_it_is_stored(tmp_path, form, stored):
    folder, name = "직원 사진", "김하늘.jpg"
    (tmp_path / normalize(stored, folder)).mkdir()
    (tmp_path / normalize(stored, folder) / normalize(stored, name)).write_bytes(b"photo")
    assert (
        read_photo(tmp_path / normalize(form, folder) / normalize(form, name), "photo") == b"photo"
    )
    with pytest.raises(FileMissingError):
        read_photo(tmp_path / normalize(form, folder) / "없음.jpg", "photo")


def test_of_two_names_in_both_forms_the_one_that_is_typed_is_read(tmp_path):
    for form in ("NFC", "NFD"):
        (tmp_path / normalize(form, "김.jpg")).write_text(form)
    for form in ("NFC", "NFD"):
        assert read_photo(tmp_path / normalize(form, "김.jpg"), "photo") == form.encode()


ROWS = [{"photo": name} for name in ("a.jpg", "b.jpg", "c.jpg")]
DONE = '{"photo": "a.jpg", "status": "success"}\n{"photo": "b.jpg", "status": "error"}\n'


@pytest.mark.parametrize("broken_off", ["", '{"photo": "c.jpg", "sta'])
def test_a_run_goes_on_after_the_rows_that_are_written(tmp_path, broken_off):
    results = tmp_path / "lengths.jsonl"
    assert resume(results, ROWS) == (0, 0)
    results.write_text(DONE + broken_off, "utf-8")
    assert resume(results, ROWS) == (2, 1)
    assert results.read_text("utf-8") == DONE


@pytest.mark.parametrize("other", [DONE.replace("b.jpg", "x.jpg"), "no results\n", DONE * 2])
def test_results_of_other_rows_are_not_gone_on_with(tmp_path, other):
    results = tmp_path / "lengths.jsonl"
    results.write_text(other, "utf-8")
    with pytest.raises(InvalidInputError, match="--resume"):
        resume(results, ROWS)
    assert results.read_text("utf-8") == other
