<?php
/**
 * A shop of one visitor: each line of the input is a web request; prints what it tells, as a line of JSON each.
 *
 * Usage: php shop.php FOLDER_OF_CLASSES
 * A request: user, login_email, team, agent, headers, consent (null: no plugin), typed (an address at the
 * checkout), cart (products and their numbers), order (the status of an order placed now), logout, view (a product),
 * known (addresses of customers), session (whose it is).
 */

define( 'ABSPATH', '/' );
define( 'MINUTE_IN_SECONDS', 60 );
define( 'WEEK_IN_SECONDS', 604800 );
define( 'DAY_IN_SECONDS', 86400 );

class WP_User {
	public $ID;
	public $user_email;

	public function __construct( $id, $email ) {
		$this->ID         = $id;
		$this->user_email = $email;
	}
}

class WC_Session {
	public $data = array();

	public function get( $name ) {
		return isset( $this->data[ $name ] ) ? $this->data[ $name ] : null;
	}

	public function set( $name, $value ) {
		$this->data[ $name ] = $value;
	}

	public function get_customer_id() {
		return 't_session';
	}
}

class WC_Product {
	private $id;

	public function __construct( $id ) {
		$this->id = $id;
	}

	public function get_name() {
		return "Product <b>{$this->id}</b> &amp; more";
	}
}

class WC_Order {
	public $status;

	public function get_id() {
		return 5;
	}

	public function has_status( $statuses ) {
		return in_array( $this->status, $statuses, true );
	}
}

class WC_Cart {
	public $items = array();

	public function get_cart() {
		$cart = array();
		foreach ( $this->items as $id => $quantity ) {
			$cart[ "key$id" ] = array(
				'product_id' => $id,
				'quantity'   => $quantity,
				'data'       => new WC_Product( $id ),
			);
		}
		return $cart;
	}

	public function get_total() {
		return 10 * array_sum( $this->items );
	}
}

class Wcflow_Streams {
	public static $told = array();

	public static function append_event( $kind, $customer_id, $email, $data ) {
		self::$told[] = array( $kind, $customer_id, $email, $data );
	}
}

class Wcflow_People {
	public static function find_many_by_emails( $emails ) {
		return array_intersect( $emails, Shop::$request['known'] );
	}

	public static function count() {
		return 7;
	}
}

/**
 * A database that has numbers in options only.
 */
class Numbers {
	public $options = 'wp_options';
	public $numbers = array();

	public function prepare( $sql, ...$values ) {
		return array( $sql, ...$values );
	}

	public function query( $prepared ) {
		$this->numbers[ $prepared[1] ] = $this->get_var( $prepared ) + 1;
	}

	public function get_var( $prepared ) {
		return isset( $this->numbers[ $prepared[1] ] ) ? $this->numbers[ $prepared[1] ] : 0;
	}
}

class Shop {
	public static $request;
	public static $wc;
	public static $meta = array();
	public static $order;
	public static $sessions = array();
}
$wpdb = new Numbers();

Shop::$wc          = new stdClass();
Shop::$wc->session = new WC_Session();
Shop::$wc->cart    = new WC_Cart();
Shop::$order       = new WC_Order();

// phpcs:disable
function WC() { return Shop::$wc; }
function did_action( $name ) { return 'wp_logout' === $name ? (int) Shop::$request['logout'] : 1; }
function is_user_logged_in() { return Shop::$request['user'] > 0; }
function wp_get_current_user() { return new WP_User( Shop::$request['user'], Shop::$request['login_email'] ); }
function user_can() { return Shop::$request['team']; }
function apply_filters( $name, $value ) { return $value; }
function wp_unslash( $value ) { return $value; }
function sanitize_email( $text ) { return $text; }
function is_email( $text ) { return false !== filter_var( $text, FILTER_VALIDATE_EMAIL ); }
function wp_check_invalid_utf8( $text ) { return $text; }
function wp_strip_all_tags( $text ) { return strip_tags( $text ); }
function wp_json_encode( $value ) { return json_encode( $value ); }
function wp_list_pluck( $list, $field ) { return array_map( static function ( $each ) use ( $field ) { return $each[ $field ]; }, $list ); }
function wp_hash( $text ) { return md5( $text ); }
function wc_stock_amount( $amount ) { return (int) $amount; }
function wc_format_decimal( $amount, $decimals ) { return number_format( $amount, $decimals, '.', '' ); }
function wc_get_price_decimals() { return 2; }
function wc_get_order( $id ) { return Shop::$order; }
function get_current_blog_id() { return 1; }
function get_transient() { return false; }
function set_transient() {}
function get_user_meta( $id, $key ) { return isset( Shop::$meta["$id $key"] ) ? Shop::$meta["$id $key"] : ''; }
function update_user_meta( $id, $key, $value ) { Shop::$meta["$id $key"] = $value; }
function delete_user_meta( $id, $key ) { unset( Shop::$meta["$id $key"] ); }
// phpcs:enable

foreach ( array( 'consent', 'limit', 'visitor', 'events', 'cart' ) as $name ) {
	require "{$argv[1]}/class-wcflow-$name.php";
}
foreach ( explode( "\n", stream_get_contents( STDIN ) ) as $line ) {
	Shop::$request        = json_decode( $line, true );
	Wcflow_Streams::$told = array();
	$whose                = Shop::$request['session'];
	Shop::$sessions      += array( $whose => new WC_Session() );
	Shop::$wc->session    = Shop::$sessions[ $whose ];
	$_SERVER              = array( 'HTTP_USER_AGENT' => Shop::$request['agent'] ) + Shop::$request['headers'];
	if ( null !== Shop::$request['consent'] && ! function_exists( 'wp_has_consent' ) ) {
		function wp_has_consent( $what ) { // phpcs:ignore
			return 'marketing' === $what && Shop::$request['consent'];
		}
	}
	if ( null !== Shop::$request['typed'] ) {
		Wcflow_Visitor::remember( Shop::$request['typed'] );
	}
	Shop::$wc->cart->items = Shop::$request['cart'];
	if ( Shop::$request['order'] ) {
		Shop::$order->status = Shop::$request['order'];
		Wcflow_Cart::ordered( Shop::$order );
	}
	$visitor = Wcflow_Visitor::current();
	if ( $visitor && Shop::$request['view'] && ! Wcflow_Visitor::is_prefetch() ) {
		$visitor->tell_view( 'product_viewed', Shop::$request['view'], array( 'product_id' => Shop::$request['view'] ) );
	}
	Wcflow_Cart::tell();
	if ( Shop::$request['logout'] ) {
		Shop::$wc->session->data = array();
	}
	echo json_encode( Wcflow_Streams::$told ), "\n";
}
