import pytest

from finops.engine.plain.packages import package


@pytest.mark.parametrize(
    ("name", "file", "expected"),
    [
        ("github.com/a/b.(*T).M", "/src/b/t.go", "github.com/a/b"),
        ("github.com/a/b.F[github.com/c/d.T]", "/src/b/t.go", "github.com/a/b"),
        ("gopkg.in/yaml%2ev3.Unmarshal", "/src/yaml.go", "gopkg.in/yaml.v3"),
        ("encoding/json.Marshal", "encoding/json/encode.go", "encoding/json"),
        ("encoding/json.(*Decoder).Decode.func1", "", "encoding/json"),
        ("main.work.func1", "/app/main.go", "main"),
        ("main.(*Cart).Price", "/app/cart.go", "main"),
        ("runtime.mallocgc", "runtime/malloc.go", "runtime"),
        ("runtime.memmove", "runtime/memmove_amd64.s", "runtime"),
        ("com.acme.shop.Cart.add", "Cart.java", "com.acme.shop"),
        ("com.acme.shop.Cart.Line.lambda$add$0", "Cart.java", "com.acme.shop"),
        ("com/acme/shop/Cart.add", "Cart.java", "com/acme/shop"),
        ("shop.pricing.Cart.price", "/app/shop/pricing.py", "shop.pricing"),
        ("price", "/app/shop/pricing.py", "/app/shop"),
        ("Cart.price", "/app/shop/pricing.py", "/app/shop"),
        ("<module>", "/app/shop/pricing.py", "/app/shop"),
        ("addpackage", "<frozen site>", "<frozen site>"),
        ("price", "cart.py", "cart.py"),
        ("handle", r"C:\app\shop\cart.py", "C:/app/shop"),
        ("(anonymous)", "file:///app/node_modules/express/router.js", "file:///app/node_modules/express"),
        ("std::vector<int, std::allocator<int>>::push_back", "/usr/include/vector", "std"),
        ("alloc::vec::Vec<T>::push", "/rust/vec.rs", "alloc::vec"),
        ("<alloc::vec::Vec<T> as core::ops::Drop>::drop", "/rust/vec.rs", "/rust"),
        ("malloc", "", None),
        ("", "", None),
        ("/", "", "/"),
    ],
)
def test_a_function_belongs_to_its_package(name: str, file: str, expected: str | None) -> None:
    assert package(name, file) == expected
